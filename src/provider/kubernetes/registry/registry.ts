import { createHash } from "node:crypto";
import { z } from "zod";
import { BerthError } from "../../../core/errors.ts";
import type { Scope } from "./authorization.ts";
import { discard, readCapped } from "./body.ts";
import { RegistryConnection } from "./connection.ts";
import { deadlines } from "./deadlines.ts";
import { imageIndex, imageManifest, manifestTypes, mediaType, type ImageManifest } from "./image-manifest.ts";
import { digestForm, type ImageReference } from "./reference.ts";
import { malformed, RegistryRefusal } from "./refusal.ts";

const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const MAX_TAG_PAGE_BYTES = 4 * 1024 * 1024;
const MAX_TAGS = 100_000;
const TAGS_A_PAGE = 1_000;

/** A place in a registry. */
export interface Repository {
  readonly registry: string;
  readonly repository: string;
}

export interface FoundManifest {
  readonly digest: string;
  readonly manifest: ImageManifest;
}

export interface RegistryOptions {
  /** `HOST[:PORT]` of registries that speak plain HTTP. */
  readonly insecure: readonly string[];
  /** A docker `config.json`; empty for none. */
  readonly credentials: string;
  /** Of the nodes: `amd64`, `arm64`. */
  readonly architecture: string;
}

const tagList = z.object({ tags: z.array(z.string()).nullish() });

/** A client of OCI registries: manifests and tags; `blobs.ts` has the rest. What comes is capped, and checked by its digest. */
export class Registry {
  readonly #options: RegistryOptions;
  readonly #connections = new Map<string, RegistryConnection>();

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  connection(registry: string): RegistryConnection {
    const { insecure, credentials } = this.#options;
    const known = this.#connections.get(registry);
    if (known !== undefined) return known;
    const made = new RegistryConnection(registry, { insecure: insecure.includes(registry), credentials });
    this.#connections.set(registry, made);
    return made;
  }

  /**
   * The manifest of an image for this cluster's machines; undefined when the registry has none of that name.
   * @throws RegistryRefusal, BerthError `provider_unavailable`, `deadline_exceeded`, `image_not_found` when it is for other machines only
   */
  async manifest(image: ImageReference, signal?: AbortSignal): Promise<FoundManifest | undefined> {
    const found = await this.#document(image, signal);
    if (found === undefined) return undefined;
    const one = imageManifest.safeParse(found.content);
    if (one.success) return { digest: found.digest, manifest: one.data };
    const index = imageIndex.safeParse(found.content);
    if (!index.success) throw malformed(image.registry, `read the manifest ${image.version}`, "it is no image");
    const { architecture } = this.#options;
    const mine = index.data.manifests.find(
      ({ platform }) => platform?.os === "linux" && platform.architecture === architecture,
    );
    if (mine === undefined) {
      const name = `${image.registry}/${image.repository}:${image.version}`;
      throw new BerthError("image_not_found", `The image ${name} is not for linux/${architecture}.`);
    }
    const chosen = await this.#document({ ...image, version: mine.digest }, signal);
    const manifest = imageManifest.safeParse(chosen?.content);
    if (!manifest.success) throw malformed(image.registry, `read the manifest ${mine.digest}`, "it is no image");
    return { digest: mine.digest, manifest: manifest.data };
  }

  /** The digest behind a tag; undefined when there is no such. */
  async digestOf(image: ImageReference, signal?: AbortSignal): Promise<string | undefined> {
    const doing = `look for ${image.repository}:${image.version}`;
    const request = { doing, method: "HEAD", at: manifestAt(image), headers: acceptManifests } as const;
    return await this.connection(image.registry).ask(
      { ...request, scope: pulling(image), accepts: [404], deadlineMs: deadlines.ask },
      async (reply) => {
        if (reply.status === 404) return undefined;
        const digest = reply.headers.get("docker-content-digest") ?? "";
        // Not every registry tells it here.
        return digestForm.test(digest) ? digest : (await this.#document(image, signal))?.digest;
      },
      signal,
    );
  }

  /** Puts an image of which all blobs are there under a tag, and gives its digest. Again is harmless. */
  async tag(image: ImageReference, manifest: ImageManifest, signal?: AbortSignal): Promise<string> {
    const body = Buffer.from(JSON.stringify(manifest));
    const doing = `keep ${image.repository}:${image.version}`;
    const headers = { "content-type": mediaType.manifest };
    await this.connection(image.registry).ask(
      { doing, method: "PUT", at: manifestAt(image), headers, body, scope: pushing(image), deadlineMs: deadlines.keep },
      discard,
      signal,
    );
    return sha256(body);
  }

  /** At most 100,000, in order. */
  async tags({ registry, repository }: Repository, signal?: AbortSignal): Promise<readonly string[]> {
    const found: string[] = [];
    const doing = `list the tags of ${repository}`;
    let at: string | URL | undefined = `${repository}/tags/list?n=${TAGS_A_PAGE}`;
    while (at !== undefined) {
      const page: { tags: readonly string[]; next: URL | undefined } = await this.connection(registry).ask(
        { doing, method: "GET", at, scope: pulling({ repository }), accepts: [404], deadlineMs: deadlines.ask },
        async (reply) => {
          if (reply.status === 404) return { tags: [], next: undefined };
          const told = tagList.safeParse(JSON.parse((await readCapped(reply, MAX_TAG_PAGE_BYTES)).toString("utf8")));
          if (!told.success) throw malformed(registry, doing, "it is no list");
          return { tags: told.data.tags ?? [], next: nextPage(reply) };
        },
        signal,
      );
      if (page.tags.length === 0) break;
      found.push(...page.tags);
      if (found.length > MAX_TAGS) throw malformed(registry, doing, `there are more than ${MAX_TAGS}`);
      at = page.next;
    }
    return found.toSorted();
  }

  /**
   * Forgets an image and all its tags; what nothing names any more is the registry's to collect. Idempotent.
   * @throws RegistryRefusal with status 405, or `UNSUPPORTED`, where the registry deletes nothing
   */
  async forget({ registry, repository }: Repository, digest: string, signal?: AbortSignal): Promise<void> {
    const at = `${repository}/manifests/${digest}`;
    const scope: Scope = { repository, actions: "pull,push,delete" };
    const doing = `remove ${repository}@${digest}`;
    await this.connection(registry).ask(
      { doing, method: "DELETE", at, scope, accepts: [404], deadlineMs: deadlines.keep },
      discard,
      signal,
    );
  }

  async #document(
    image: ImageReference,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly digest: string; readonly content: unknown } | undefined> {
    const doing = `read ${image.repository}:${image.version}`;
    const request = { doing, method: "GET", at: manifestAt(image), headers: acceptManifests } as const;
    return await this.connection(image.registry).ask(
      { ...request, scope: pulling(image), accepts: [404], deadlineMs: deadlines.ask },
      async (reply) => {
        if (reply.status === 404) return undefined;
        const body = await readCapped(reply, MAX_MANIFEST_BYTES);
        const digest = sha256(body);
        if (digestForm.test(image.version) && image.version !== digest) {
          throw malformed(image.registry, doing, "its content has another digest");
        }
        try {
          return { digest, content: JSON.parse(body.toString("utf8")) as unknown };
        } catch {
          throw malformed(image.registry, doing, "it is not JSON");
        }
      },
      signal,
    );
  }
}

const acceptManifests = { accept: manifestTypes.join(", ") };

const sha256 = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

const manifestAt = ({ repository, version }: ImageReference): string => `${repository}/manifests/${version}`;

export const pulling = ({ repository }: { repository: string }): Scope => ({ repository, actions: "pull" });
export const pushing = ({ repository }: { repository: string }): Scope => ({ repository, actions: "pull,push" });

/** `Link: </v2/…/tags/list?last=…&n=…>; rel="next"`. */
function nextPage(reply: Response): URL | undefined {
  const link = /<([^>]+)>\s*;\s*rel="?next"?/i.exec(reply.headers.get("link") ?? "")?.[1];
  return link !== undefined && URL.canParse(link, reply.url) ? new URL(link, reply.url) : undefined;
}

/** Whether a registry said that it removes nothing at all. */
export function deletesNothing(thrown: unknown): boolean {
  return thrown instanceof RegistryRefusal && (thrown.status === 405 || thrown.code === "UNSUPPORTED");
}
