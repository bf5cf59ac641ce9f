import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { keepBlob, readBlob, shareBlob, uploadBlob } from "../../../src/provider/kubernetes/registry/blobs.ts";
import { mediaType } from "../../../src/provider/kubernetes/registry/image-manifest.ts";
import { Registry } from "../../../src/provider/kubernetes/registry/registry.ts";
import { registryManifests } from "../../../src/provider/kubernetes/snapshots/registry-manifests.ts";
import { RegistrySnapshots } from "../../../src/provider/kubernetes/snapshots/snapshot-store.ts";
import { startRegistry, whyNoRegistry, type RegistryProcess } from "../../support/registry-process.ts";

const why = whyNoRegistry();
const content = Buffer.from("the bytes of a blob");
const limit = 1024;

describe("a registry", () => {
  beforeEach((context) => {
    if (why !== undefined) context.skip(why);
  });

  let one: RegistryProcess;
  let other: RegistryProcess;
  let folder: string;
  const client = (credentials = "") =>
    new Registry({ insecure: [one.address, other.address], credentials, architecture: "amd64" });
  const at = (process: RegistryProcess, repository: string) => ({ registry: process.address, repository });

  beforeAll(async () => {
    if (why !== undefined) return;
    one = await startRegistry();
    other = await startRegistry({ deletes: false });
    folder = await mkdtemp(join(tmpdir(), "berth-registry-test-"));
  });
  afterAll(async () => {
    if (why !== undefined) return;
    for (const process of [one, other]) await process[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it("keeps a blob under its digest, and gives it back", async () => {
    const { digest, size } = await keepBlob(client(), at(one, "kept"), content);
    expect(size).toBe(content.length);
    expect(await readBlob(client(), at(one, "kept"), digest, { limit })).toEqual(content);
    await expect(readBlob(client(), at(one, "kept"), digest, { limit: 3 })).rejects.toMatchObject({
      code: "provider_unavailable",
    });
  });

  it("has a blob of one repository in another without sending it, and of another registry by copying", async () => {
    const blob = await keepBlob(client(), at(one, "first"), content);
    const from = at(one, "first");
    expect(await shareBlob(client(), blob, { from, to: at(one, "second") })).toBe("mounted");
    expect(await shareBlob(client(), blob, { from, to: at(one, "second") })).toBe("there");
    expect(await shareBlob(client(), blob, { from, to: at(other, "third") })).toBe("copied");
    expect(await readBlob(client(), at(other, "third"), blob.digest, { limit })).toEqual(content);
  });

  it("keeps what snapshots hold for controllers that did not build them, the last that was written", async () => {
    const manifests = () => registryManifests({ registry: client(), prefix: `${one.address}/ours` });
    expect(await manifests().read("k")).toBeUndefined();
    await manifests().write("k", Buffer.from("a first tree"));
    await manifests().write("k", Buffer.from("a second tree"));
    await manifests().write("l", Buffer.from("another"));
    expect(await manifests().read("k")).toEqual(Buffer.from("a second tree"));
    await manifests().remove("k");
    await manifests().remove("k");
    expect(await manifests().read("k")).toBeUndefined();
    expect(await manifests().read("l")).toEqual(Buffer.from("another"));
  });

  it("keeps nothing of an upload whose source fails", async () => {
    const broken = (async function* (): AsyncGenerator<Uint8Array> {
      yield content;
      throw new Error("the source broke");
    })();
    const named = () => ({ digest: `sha256:${"0".repeat(64)}`, size: content.length });
    await expect(uploadBlob(client(), at(one, "broken"), broken, named)).rejects.toThrow("the source broke");
  });

  it("keeps nothing under a digest that is not the content's", async () => {
    const named = () => ({ digest: `sha256:${"0".repeat(64)}`, size: content.length });
    const upload = uploadBlob(client(), at(one, "wrong"), Readable.from([content]), named);
    await expect(upload).rejects.toMatchObject({ status: 400, code: "DIGEST_INVALID" });
  });

  async function tagged(process: RegistryProcess, repository: string, version: string) {
    const blob = await keepBlob(client(), at(process, repository), content);
    const config = { mediaType: mediaType.config, ...blob };
    const image = { ...at(process, repository), version };
    const annotations = { version };
    const digest = await client().tag(image, {
      schemaVersion: 2,
      mediaType: mediaType.manifest,
      config,
      layers: [],
      annotations,
    });
    return { image, digest };
  }

  it("names an image by a tag, lists tags and forgets", async () => {
    const { image, digest } = await tagged(one, "tags", "a");
    await tagged(one, "tags", "b");
    expect(await client().digestOf(image)).toBe(digest);
    expect(await client().tags(image)).toEqual(["a", "b"]);
    await client().forget(image, digest);
    await client().forget(image, digest);
    expect(await client().digestOf(image)).toBeUndefined();
    expect(await client().manifest(image)).toBeUndefined();
  });

  it("that deletes nothing is told of as such", async () => {
    const key = "b".repeat(64);
    await tagged(other, "berth/snapshots", key);
    const none = () => Promise.reject(new Error("not asked for"));
    const snapshots = new RegistrySnapshots(
      { registry: client(), prefix: `${other.address}/berth` },
      { imageOf: none, openLayer: none, destroy: none },
    );
    const failure = snapshots.remove(key);
    await expect(failure).rejects.toMatchObject({ code: "provider_unavailable" });
    await expect(failure).rejects.toThrow("removes no images");
    expect(await snapshots.list()).toEqual([]);
  });

  it("with passwords takes those of a docker config.json", async () => {
    // `htpasswd -nbB user secret`
    const users = "user:$2b$05$Meht.PMRTlWJ8jU8991jfeTMQf7gwdd.3iFh4CQX7vVn8SaJdI5Ci\n";
    await using closed = await startRegistry({ users });
    const file = join(folder, "config.json");
    const auth = Buffer.from("user:secret").toString("base64");
    await writeFile(file, JSON.stringify({ auths: { [closed.address]: { auth } } }));
    const registry = (credentials: string) =>
      new Registry({ insecure: [closed.address], credentials, architecture: "amd64" });
    const { digest } = await keepBlob(registry(file), at(closed, "kept"), content);
    expect(await readBlob(registry(file), at(closed, "kept"), digest, { limit })).toEqual(content);
    await expect(keepBlob(registry(""), at(closed, "kept"), content)).rejects.toMatchObject({ status: 401 });
  });
});
