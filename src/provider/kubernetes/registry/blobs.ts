import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { discard, piecesOf, readCapped } from "./body.ts";
import { deadlines } from "./deadlines.ts";
import { malformed } from "./refusal.ts";
import { pulling, pushing, type Registry, type Repository } from "./registry.ts";

/** Bytes named by their digest. */
interface BlobName {
  readonly digest: string;
  readonly size: number;
}

export const digestOfBytes = (bytes: Uint8Array): string =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** A small blob as a whole. @throws BerthError `provider_unavailable` when it is longer than `limit`, or has another digest */
export async function readBlob(
  registry: Registry,
  from: Repository,
  digest: string,
  { limit, signal }: { readonly limit: number; readonly signal?: AbortSignal | undefined },
): Promise<Buffer> {
  const doing = `read the blob ${digest}`;
  return await registry.connection(from.registry).ask(
    { doing, method: "GET", at: `${from.repository}/blobs/${digest}`, scope: pulling(from), deadlineMs: deadlines.ask },
    async (reply) => {
      const bytes = await readCapped(reply, limit);
      if (digestOfBytes(bytes) !== digest) throw malformed(from.registry, doing, "its content has another digest");
      return bytes;
    },
    signal,
  );
}

async function hasBlob(registry: Registry, at: Repository, digest: string, signal?: AbortSignal): Promise<boolean> {
  const doing = `look for the blob ${digest}`;
  const path = `${at.repository}/blobs/${digest}`;
  return await registry
    .connection(at.registry)
    .ask(
      { doing, method: "HEAD", at: path, scope: pulling(at), accepts: [404], deadlineMs: deadlines.ask },
      async (reply) => reply.ok,
      signal,
    );
}

/**
 * Streams bytes into a repository and gives what they are named by, which `finished` tells once the last was taken.
 * Nothing is kept when the stream fails.
 * @throws RegistryRefusal, BerthError `provider_unavailable`, `deadline_exceeded`, and what the stream throws
 */
export async function uploadBlob(
  registry: Registry,
  to: Repository,
  bytes: AsyncIterable<Uint8Array>,
  finished: () => BlobName,
  signal?: AbortSignal,
): Promise<BlobName> {
  const connection = registry.connection(to.registry);
  const scope = pushing(to);
  const address = await connection.ask(
    {
      doing: "begin an upload",
      method: "POST",
      at: `${to.repository}/blobs/uploads/`,
      scope,
      deadlineMs: deadlines.keep,
    },
    async (reply) => connection.next(reply, "begin an upload"),
    signal,
  );
  let failure: { readonly thrown: unknown } | undefined;
  const watched = async function* () {
    try {
      yield* bytes;
    } catch (thrown) {
      failure = { thrown };
      throw thrown;
    }
  };
  const doing = "take an upload";
  const headers = { "content-type": "application/octet-stream" };
  const upload = {
    doing,
    method: "PATCH",
    at: address,
    headers,
    body: watched(),
    scope,
    deadlineMs: deadlines.transfer,
  } as const;
  const end = await connection
    .ask(upload, async (reply) => connection.next(reply, doing), signal)
    .catch(async (thrown: unknown) => {
      await abandon(registry, to, address);
      throw failure === undefined ? thrown : failure.thrown;
    });
  const name = finished();
  end.searchParams.set("digest", name.digest);
  await connection.ask(
    { doing: "end an upload", method: "PUT", at: end, scope, deadlineMs: deadlines.keep },
    discard,
    signal,
  );
  return name;
}

/** What a registry does not hear of it gives up by itself, hours later. */
async function abandon(registry: Registry, to: Repository, at: URL): Promise<void> {
  const request = {
    doing: "give up an upload",
    method: "DELETE",
    at,
    scope: pushing(to),
    deadlineMs: deadlines.ask,
  } as const;
  await registry
    .connection(to.registry)
    .ask(request, discard)
    .catch(() => undefined);
}

/** Puts bytes that are at hand into a repository, unless they are there. */
export async function keepBlob(
  registry: Registry,
  to: Repository,
  bytes: Buffer,
  signal?: AbortSignal,
): Promise<BlobName> {
  const name = { digest: digestOfBytes(bytes), size: bytes.length };
  if (await hasBlob(registry, to, name.digest, signal)) return name;
  return await uploadBlob(registry, to, Readable.from([bytes]), () => name, signal);
}

/** Has a blob of one repository in another too: mounted where the registry does that, else copied through here. */
export async function shareBlob(
  registry: Registry,
  blob: BlobName,
  {
    from,
    to,
    signal,
  }: { readonly from: Repository; readonly to: Repository; readonly signal?: AbortSignal | undefined },
): Promise<"there" | "mounted" | "copied"> {
  if (await hasBlob(registry, to, blob.digest, signal)) return "there";
  if (from.registry === to.registry && (await mountBlob(registry, blob.digest, { from, to, signal }))) return "mounted";
  const doing = `read the blob ${blob.digest}`;
  await registry.connection(from.registry).ask(
    {
      doing,
      method: "GET",
      at: `${from.repository}/blobs/${blob.digest}`,
      scope: pulling(from),
      deadlineMs: deadlines.transfer,
    },
    async (reply, within) => {
      await uploadBlob(registry, to, verified(reply, blob, from.registry), () => blob, within);
    },
    signal,
  );
  return "copied";
}

async function mountBlob(
  registry: Registry,
  digest: string,
  {
    from,
    to,
    signal,
  }: { readonly from: Repository; readonly to: Repository; readonly signal?: AbortSignal | undefined },
): Promise<boolean> {
  const connection = registry.connection(to.registry);
  const query = new URLSearchParams({ mount: digest, from: from.repository });
  const at = `${to.repository}/blobs/uploads/?${query.toString()}`;
  const doing = `mount the blob ${digest}`;
  return await connection.ask(
    { doing, method: "POST", at, scope: { ...pushing(to), from: from.repository }, deadlineMs: deadlines.keep },
    async (reply) => {
      if (reply.status === 201) return true;
      // It began an upload in its place.
      await abandon(registry, to, connection.next(reply, doing));
      return false;
    },
    signal,
  );
}

/** The bytes of an answer, which must be those that were asked for: else the last piece does not come. */
async function* verified(reply: Response, { digest, size }: BlobName, registry: string): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of piecesOf(reply)) {
    bytes += chunk.length;
    if (bytes > size) break;
    hash.update(chunk);
    yield chunk;
  }
  if (bytes !== size || `sha256:${hash.digest("hex")}` !== digest) {
    throw malformed(registry, `read the blob ${digest}`, "its content has another digest");
  }
}
