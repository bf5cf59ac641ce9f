interface Document {
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> };
}

const referenced = (part: unknown): string[] =>
  [...JSON.stringify(part ?? null).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1] ?? "");

/** Leaves out the component schemas that nothing refers to, so that generated clients carry no dead types. */
export function onlyReferenced<D extends object>(document: D): D {
  const { components, ...rest } = document as Document;
  const schemas = components?.schemas ?? {};
  const reached = new Set<string>();
  const waiting = referenced(rest);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    waiting.push(...referenced(schemas[name]));
  }
  const kept = Object.entries(schemas).filter(([name]) => reached.has(name));
  return { ...document, components: { ...components, schemas: Object.fromEntries(kept) } };
}
