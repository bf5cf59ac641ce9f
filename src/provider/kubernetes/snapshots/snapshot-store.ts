import { Readable } from "node:stream";
import { crashPoint } from "../../../core/crash-point.ts";
import { BerthError } from "../../../core/errors.ts";
import type { CallOptions, SandboxHandle, SnapshotStore, StoredSnapshot } from "../../provider.ts";
import { keepBlob, shareBlob, uploadBlob } from "../registry/blobs.ts";
import { below, parseReference, pinned, type ImageReference } from "../registry/reference.ts";
import { refusedAs } from "../registry/refusal.ts";
import { deletesNothing, type FoundManifest } from "../registry/registry.ts";
import { configWith, manifestWith, type SnapshotFacts } from "./compose-image.ts";
import { LayerStream } from "./layer-stream.ts";
import { annotation, isContentKey, snapshotRepository } from "./names.ts";
import { findImage, resolveImage, type ImageSource } from "./resolve-image.ts";

/** What setup may write: with what it removed, and the folders above. */
export interface LayerLimits {
  readonly entries: number;
  readonly bytes: number;
}

export const layerLimits: LayerLimits = { entries: 1_000_000, bytes: 32 * 1024 * 1024 * 1024 };

/** How a build sandbox is reached. */
export interface BuildAccess {
  /** The image that the sandbox runs, as `reference@digest`; undefined when the sandbox is gone. */
  imageOf(handle: SandboxHandle, options: CallOptions): Promise<string | undefined>;
  /** What it changed since it began, as a gzipped tar; the stream fails unless the guest says that it was all. */
  openLayer(handle: SandboxHandle, limits: LayerLimits, options: CallOptions): Promise<Readable>;
  destroy(handle: SandboxHandle): Promise<void>;
}

/** Reading tags one by one; a registry takes more. */
const READ_AT_ONCE = 8;
const MAX_REMEMBERED = 10_000;
/** A tar has headers, and padding behind each file. */
const TAR_BYTES_AN_ENTRY = 4096;

/** Snapshots as images `<prefix>/snapshots:<key>`: one layer over the image that the sandbox started from. */
export class RegistrySnapshots implements SnapshotStore {
  readonly #source: ImageSource;
  readonly #access: BuildAccess;
  readonly #limits: LayerLimits;
  /** As the registry told them last: whoever starts a sandbox from a snapshot has asked whether it is there. */
  readonly #digests = new Map<string, string>();
  readonly #to: { readonly registry: string; readonly repository: string };

  constructor(source: ImageSource, access: BuildAccess, limits: LayerLimits = layerLimits) {
    this.#source = source;
    this.#access = access;
    this.#limits = limits;
    this.#to = below(source.prefix, snapshotRepository);
  }

  /**
   * What a node pulls to start from a snapshot: by its digest, or a node that has an earlier one of that key would not look for this.
   * @throws BerthError `sandbox_create_failed` when there is none, `provider_unavailable`
   */
  async image(key: string): Promise<string> {
    const digest = this.#digests.get(key) ?? (await this.#digestOf(key));
    if (digest !== undefined) return pinned(this.#image(key), digest);
    throw new BerthError("sandbox_create_failed", `The snapshot ${key} is gone from the registry.`);
  }

  resolveImage(name: string, options?: CallOptions) {
    return resolveImage(this.#source, name, options);
  }

  async has(key: string): Promise<boolean> {
    return (await this.#digestOf(key)) !== undefined;
  }

  async commit(handle: SandboxHandle, key: string, options: CallOptions = {}): Promise<void> {
    if (!(await this.has(key))) {
      try {
        await this.#keep(handle, key, options);
      } catch (thrown) {
        throw refusedAs("provider_unavailable", thrown);
      }
      crashPoint("kubernetes.snapshot-named");
    }
    await this.#access.destroy(handle);
  }

  async #keep(handle: SandboxHandle, key: string, options: CallOptions): Promise<void> {
    const { signal, onProgress = () => undefined } = options;
    const { registry } = this.#source;
    const to = this.#to;
    const name = await this.#access.imageOf(handle, options);
    if (name === undefined) throw new BerthError("sandbox_lost", `The sandbox ${handle.id} is gone.`);
    const from = parseReference(name);
    const base = await findImage(registry, from, signal);
    if (base === undefined) throw new BerthError("image_not_found", `The image ${name} is gone from its registry.`);
    onProgress("keeping the image's layers for the snapshot");
    for (const layer of base.manifest.layers) await shareBlob(registry, layer, { from, to, signal });
    onProgress("keeping what setup wrote");
    const layer = await this.#keepLayer(handle, options);
    crashPoint("kubernetes.layer-kept");
    const facts: SnapshotFacts = { key, owner: handle.labels.owner, created: new Date().toISOString() };
    const config = Buffer.from(JSON.stringify(configWith(base, layer, facts)));
    const manifest = manifestWith(base, layer, await keepBlob(registry, to, config, signal), facts);
    await registry.tag(this.#image(key), manifest, signal);
  }

  async #keepLayer(handle: SandboxHandle, options: CallOptions) {
    const source = await this.#access.openLayer(handle, this.#limits, options);
    try {
      const bytes = this.#limits.bytes + this.#limits.entries * TAR_BYTES_AN_ENTRY;
      const layer = new LayerStream(source, { entries: this.#limits.entries, bytes });
      await uploadBlob(this.#source.registry, this.#to, layer, () => layer.facts, options.signal);
      return layer.facts;
    } finally {
      source.destroy();
    }
  }

  async list(): Promise<readonly StoredSnapshot[]> {
    const { registry } = this.#source;
    try {
      const keys = (await registry.tags(this.#to)).filter(isContentKey);
      const found: StoredSnapshot[] = [];
      for (let at = 0; at < keys.length; at += READ_AT_ONCE) {
        const some = keys.slice(at, at + READ_AT_ONCE);
        const manifests = await Promise.all(some.map((key) => registry.manifest(this.#image(key))));
        // One that was removed meanwhile has no manifest.
        found.push(...some.flatMap((key, index) => storedAs(key, manifests[index]) ?? []));
      }
      return found;
    } catch (thrown) {
      throw refusedAs("provider_unavailable", thrown);
    }
  }

  async remove(key: string): Promise<void> {
    const digest = await this.#digestOf(key);
    if (digest === undefined) return;
    this.#digests.delete(key);
    try {
      await this.#source.registry.forget(this.#to, digest);
    } catch (thrown) {
      if (!deletesNothing(thrown)) throw refusedAs("provider_unavailable", thrown);
      throw new BerthError("provider_unavailable", `The registry ${this.#to.registry} removes no images.`, {
        cause: thrown,
        remedy:
          "Allow it to delete manifests (REGISTRY_STORAGE_DELETE_ENABLED=true), or raise `snapshots_max_gb`, so that none needs to go.",
      });
    }
  }

  async #digestOf(key: string): Promise<string | undefined> {
    try {
      const digest = await this.#source.registry.digestOf(this.#image(key));
      if (this.#digests.size >= MAX_REMEMBERED) this.#digests.clear();
      if (digest === undefined) this.#digests.delete(key);
      else this.#digests.set(key, digest);
      return digest;
    } catch (thrown) {
      throw refusedAs("provider_unavailable", thrown);
    }
  }

  #image(key: string): ImageReference {
    return { ...this.#to, version: key };
  }
}

function storedAs(key: string, found: FoundManifest | undefined): StoredSnapshot | undefined {
  const told = found?.manifest.annotations;
  const createdAtMs = Date.parse(told?.[annotation.created] ?? "");
  if (told?.[annotation.key] !== key || Number.isNaN(createdAtMs)) return undefined;
  const bytes = Number(told[annotation.bytes] ?? 0);
  return { key, createdAtMs, bytes: Number.isSafeInteger(bytes) ? bytes : 0, owner: told[annotation.owner] ?? null };
}
