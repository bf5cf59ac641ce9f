import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** As it goes over the wire; a node, a controller and a test put in what they like. */
export interface FakeObject {
  readonly metadata?: {
    readonly name?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: object;
  readonly status?: object;
}

interface Event {
  readonly kind: Kind;
  readonly version: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: FakeObject;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: (FakeObject & { readonly preconditions?: { readonly uid?: string } }) | undefined;
}

/** What it has collections of. */
const kinds = ["pods", "sandboxclaims", "sandboxtemplates", "sandboxwarmpools"] as const;
export type Kind = (typeof kinds)[number];

const namespacePath = /^\/api\/v1\/namespaces\/[^/]+$/;
const extensionsPath = "/apis/extensions.agents.x-k8s.io/v1beta1";
const objectPath = new RegExp(`^(?:/api/v1|${extensionsPath})/namespaces/[^/]+/(${kinds.join("|")})(?:/([^/]+))?$`);

/** The pods of an API server and the claims on them over HTTP, with versions and watches as Kubernetes has them; a test plays the node and the controllers. */
export class FakeApiServer implements AsyncDisposable {
  readonly #server = createServer((request, reply) => void this.#answer(request, reply));
  readonly #watches = new Map<ServerResponse, Kind>();
  readonly #events: Event[] = [];
  readonly #objects = new Map<Kind, Map<string, FakeObject>>(kinds.map((kind) => [kind, new Map()]));
  readonly #waiting = new Set<() => void>();
  #version = 1;
  /** Versions before it are forgotten. */
  #oldest = 0;
  readonly asked: Asked[] = [];
  /** Objects of any other kind, by their paths. */
  readonly objects = new Map<string, FakeObject>();
  /** Answers instead of the server, when it gives a status. */
  refuse: (asked: Asked) => { status: number; body: object; headers?: Record<string, string> } | undefined = () =>
    undefined;

  static async start(): Promise<FakeApiServer> {
    const fake = new FakeApiServer();
    await new Promise<void>((resolve) => fake.#server.listen(0, "127.0.0.1", resolve));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get watching(): number {
    return this.#watches.size;
  }

  askedFor(method: string, part = ""): Asked[] {
    return this.asked.filter((asked) => asked.method === method && asked.path.includes(part));
  }

  pod(name: string): FakeObject | undefined {
    return this.object("pods", name);
  }

  object(kind: Kind, name: string): FakeObject | undefined {
    return this.#all(kind).get(name);
  }

  names(kind: Kind): string[] {
    return [...this.#all(kind).keys()];
  }

  /** Puts an object there, or changes what is there. */
  put(name: string, change: FakeObject, kind: Kind = "pods"): void {
    const there = this.#all(kind).get(name);
    const uid = there?.metadata?.uid ?? `uid-${++this.#version}`;
    const object = { ...there, ...change, metadata: { ...there?.metadata, ...change.metadata, name, uid } };
    this.#happen(kind, there === undefined ? "ADDED" : "MODIFIED", object);
  }

  remove(name: string, kind: Kind = "pods"): void {
    const there = this.#all(kind).get(name);
    if (there !== undefined) this.#happen(kind, "DELETED", there);
  }

  /** Forgets what happened so far: who watches from before gets 410. */
  forget(): void {
    this.#oldest = this.#version;
  }

  /** Breaks all watches off, as a proxy or a rotation of the server does. */
  breakOff(): void {
    for (const watch of this.#watches.keys()) watch.destroy();
  }

  /** Sends a line to all who watch. */
  say(line: object): void {
    for (const watch of this.#watches.keys()) watch.write(`${JSON.stringify(line)}\n`);
  }

  /** Resolves when it holds; looks again at each request and each event. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #all(kind: Kind): Map<string, FakeObject> {
    const all = this.#objects.get(kind);
    if (all === undefined) throw new Error(`There are no ${kind}.`);
    return all;
  }

  #happen(kind: Kind, type: Event["type"], changed: FakeObject): void {
    const version = ++this.#version;
    const object = { ...changed, metadata: { ...changed.metadata, resourceVersion: String(version) } };
    const name = object.metadata.name ?? "";
    if (type === "DELETED") this.#all(kind).delete(name);
    else this.#all(kind).set(name, object);
    this.#events.push({ kind, version, type, object });
    for (const [watch, watched] of this.#watches)
      if (watched === kind) watch.write(`${JSON.stringify({ type, object })}\n`);
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  async #answer(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://fake");
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const asked = {
      method: request.method ?? "",
      path: url.pathname,
      query: url.searchParams,
      body: text === "" ? undefined : (JSON.parse(text) as FakeObject),
    };
    this.asked.push(asked);
    const refusal = this.refuse(asked);
    if (refusal) respond(reply, refusal.status, refusal.body, refusal.headers);
    else if (objectPath.test(asked.path)) this.#objectRequest(asked, reply);
    else if (asked.path === extensionsPath) respond(reply, 200, { resources: kinds.map((name) => ({ name })) });
    else if (namespacePath.test(asked.path)) respond(reply, 200, { metadata: { uid: "uid-of-namespace" } });
    else this.#plainRequest(asked, reply);
    this.#wake();
  }

  /** Network policies, daemon sets: kept by their names, with versions. */
  #plainRequest({ method, path, body }: Asked, reply: ServerResponse): void {
    const name = body?.metadata?.name ?? "";
    const place = method === "POST" ? `${path}/${name}` : path;
    const there = this.objects.get(place);
    if (method === "POST" && there !== undefined) return respond(reply, 409, status("AlreadyExists"));
    if (method !== "POST" && there === undefined) return respond(reply, 404, status("NotFound"));
    const version = body?.metadata?.resourceVersion;
    if (method === "PUT" && version !== undefined && version !== there?.metadata?.resourceVersion)
      return respond(reply, 409, status("Conflict"));
    if (method === "DELETE") this.objects.delete(place);
    if (method === "POST" || method === "PUT")
      this.objects.set(place, { ...body, metadata: { ...body?.metadata, resourceVersion: String(++this.#version) } });
    respond(reply, method === "POST" ? 201 : 200, this.objects.get(place) ?? {});
  }

  #objectRequest(asked: Asked, reply: ServerResponse): void {
    const [, kind, name = ""] = objectPath.exec(asked.path) as unknown as [string, Kind, string?];
    if (asked.method === "POST") return this.#create(kind, asked.body ?? {}, reply);
    if (asked.method === "GET" && name === "") {
      return asked.query.has("watch") ? this.#watch(kind, asked.query, reply) : this.#list(kind, reply);
    }
    const object = this.#all(kind).get(name);
    if (object === undefined) return respond(reply, 404, status("NotFound"));
    if (asked.method === "GET") return respond(reply, 200, object);
    const uid = asked.body?.preconditions?.uid;
    if (uid !== undefined && uid !== object.metadata?.uid) return respond(reply, 409, status("Conflict"));
    // Templates and pools have nobody who must let them go first.
    if (kind === "pods" || kind === "sandboxclaims")
      this.put(name, { metadata: { ...object.metadata, deletionTimestamp: "1970-01-01T00:00:00Z" } }, kind);
    else this.remove(name, kind);
    respond(reply, 200, object);
  }

  #create(kind: Kind, object: FakeObject, reply: ServerResponse): void {
    const name = object.metadata?.name ?? "";
    if (this.#all(kind).has(name)) return respond(reply, 409, status("AlreadyExists"));
    this.put(name, { ...object, ...(kind === "pods" ? { status: { phase: "Pending" } } : {}) }, kind);
    respond(reply, 201, this.#all(kind).get(name) ?? {});
  }

  #list(kind: Kind, reply: ServerResponse): void {
    const items = [...this.#all(kind).values()];
    respond(reply, 200, { metadata: { resourceVersion: String(this.#version) }, items });
  }

  #watch(kind: Kind, query: URLSearchParams, reply: ServerResponse): void {
    const from = Number(query.get("resourceVersion"));
    if (from < this.#oldest) return respond(reply, 410, status("Expired"));
    reply.writeHead(200, { "content-type": "application/json" });
    reply.flushHeaders();
    for (const { kind: of, version, type, object } of this.#events)
      if (of === kind && version > from) reply.write(`${JSON.stringify({ type, object })}\n`);
    this.#watches.set(reply, kind);
    reply.once("close", () => {
      this.#watches.delete(reply);
      this.#wake();
    });
  }
}

const status = (reason: string): object => ({ kind: "Status", reason, message: reason });

function respond(reply: ServerResponse, code: number, body: object, headers: Record<string, string> = {}): void {
  reply.writeHead(code, { "content-type": "application/json", ...headers });
  reply.end(JSON.stringify(body));
}
