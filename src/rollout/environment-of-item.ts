import { BerthError } from "../core/errors.ts";
import { environmentName, repository, type Environment } from "../model/environment.ts";
import type { Item } from "../model/item.ts";
import type { Store, StoredEnvironment } from "../store/store.ts";
import { parseEnvironment } from "./check-environment.ts";

/** What an item may ask for that no registered environment stands for. `*` in a pattern is any text. */
export interface ItemRules {
  /** A registered environment that says everything but the image and the repository; empty for the defaults. */
  readonly template: string;
  /** Patterns of image references. */
  readonly images: readonly string[];
  /** Patterns of repository URLs. */
  readonly repositories: readonly string[];
}

export const noItemRules: ItemRules = { template: "", images: [], repositories: [] };

interface ItemParts {
  readonly store: Pick<Store, "environment">;
  readonly rules: ItemRules;
}

const imageFields = ["image", "image_name", "docker_image"];
/** `owner/name`, as datasets name repositories. */
const shortRepository = /^[\w.-]+\/[\w.-]+$/;

/**
 * The environment that a dataset's row stands for. The first that there is: the registered one that `environment` names, the one that
 * `instance_id` names, an allowed image, an allowed repository at `base_commit`. Nothing else of the row is used.
 * @throws BerthError `unknown_environment` that says what was looked for
 */
export async function environmentOfItem(item: Item, parts: ItemParts): Promise<StoredEnvironment> {
  const looked: string[] = [];
  for (const field of ["environment", "instance_id"]) {
    const name = textOf(item, field);
    if (name === undefined) continue;
    const found = environmentName.safeParse(name).success ? await parts.store.environment(name) : undefined;
    if (found) return found;
    looked.push(`${field} ${name} is not registered`);
  }
  const image = imageFields.map((field) => textOf(item, field)).find((text) => text !== undefined);
  if (image !== undefined) {
    if (isAllowed(image, parts.rules.images)) return await made(item, { image }, parts);
    looked.push(`the image ${image} is not among item_images`);
  }
  const origin = originOf(item);
  if (origin !== undefined) {
    if (isAllowed(origin.url, parts.rules.repositories)) return await made(item, { repo: origin }, parts);
    looked.push(`the repository ${origin.url} is not among item_repositories`);
  }
  const reason = looked.length === 0 ? "it names none" : looked.join("; ");
  throw new BerthError("unknown_environment", `The item stands for no environment: ${reason}.`);
}

function textOf(item: Item, field: string): string | undefined {
  const value = item[field];
  return typeof value === "string" && value !== "" && value.length <= 2048 ? value : undefined;
}

function originOf(item: Item): { url: string; commit: string } | undefined {
  const repo = textOf(item, "repo");
  const commit = repository.shape.commit.safeParse(item["base_commit"]);
  if (repo === undefined || !commit.success) return undefined;
  return { url: shortRepository.test(repo) ? `https://github.com/${repo}.git` : repo, commit: commit.data };
}

/** Places on this machine are meant only by a pattern that says so from its first letter; `*` alone stands for what others serve. */
const local = /^(?:\/|file:|host$)/i;
/** Would be another place by the time that it is fetched. */
const wanders = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)|\\/i;

function isAllowed(text: string, patterns: readonly string[]): boolean {
  if (wanders.test(text)) return false;
  const place = local.exec(text)?.[0];
  return patterns.some((pattern) => {
    if (place !== undefined && !pattern.startsWith(place)) return false;
    const literal = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);
    return new RegExp(`^${literal.replaceAll("*", ".*")}$`, "s").test(text);
  });
}

async function made(
  item: Item,
  from: { image: string } | { repo: { url: string; commit: string } },
  { store, rules }: ItemParts,
): Promise<StoredEnvironment> {
  const template = rules.template === "" ? undefined : await store.environment(rules.template);
  if (rules.template !== "" && !template)
    throw new BerthError("unknown_environment", `item_template: there is no environment ${rules.template}.`);
  const id = environmentName.safeParse(item["instance_id"]);
  const name = id.success ? id.data : "item";
  const base: Partial<Environment> = template?.environment ?? {};
  return { environment: parseEnvironment({ ...base, name, ...from }), baseDir: template?.baseDir ?? null };
}
