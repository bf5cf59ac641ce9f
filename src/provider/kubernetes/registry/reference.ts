import { BerthError } from "../../../core/errors.ts";

/** An image as a registry is asked for it. */
export interface ImageReference {
  /** `HOST[:PORT]` as people write it: `docker.io` is no host that answers. */
  readonly registry: string;
  readonly repository: string;
  /** A tag, or a digest `sha256:…`, which wins where a reference has both. */
  readonly version: string;
}

const repositoryForm = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const registryForm = /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::\d{1,5})?$/;
const tagForm = /^\w[\w.-]{0,127}$/;
export const digestForm = /^sha256:[0-9a-f]{64}$/;

const DOCKER_HUB = "docker.io";

/** Whether the text begins with `HOST/`, as Docker tells that from a folder. */
export function namesRegistry(text: string): boolean {
  const first = text.slice(0, Math.max(0, text.indexOf("/")));
  return /[.:]/.test(first) || first === "localhost";
}

/**
 * Reads a reference as Docker does: without a host it is of Docker Hub, without a version `latest`.
 * @throws BerthError `image_not_found` for what is none
 */
export function parseReference(text: string): ImageReference {
  const [named = "", digest, ...more] = text.split("@");
  const slash = named.indexOf("/");
  const hasHost = namesRegistry(named);
  const registry = hasHost ? named.slice(0, slash) : DOCKER_HUB;
  const rest = hasHost ? named.slice(slash + 1) : named;
  const [path = "", tag = "latest", ...others] = rest.split(":");
  const repository = registry === DOCKER_HUB && !path.includes("/") ? `library/${path}` : path;
  const isSound =
    registryForm.test(registry) &&
    repository.length <= 255 &&
    repositoryForm.test(repository) &&
    tagForm.test(tag) &&
    (digest === undefined || digestForm.test(digest)) &&
    more.length + others.length === 0;
  if (!isSound) throw new BerthError("image_not_found", `${JSON.stringify(text)} is not the name of an image.`);
  return { registry, repository, version: digest ?? tag };
}

/** Names the very content, for a node to pull. */
export const pinned = ({ registry, repository }: ImageReference, digest: string): string =>
  `${registry}/${repository}@${digest}`;

/** `HOST[:PORT][/PATH]` and a name below it. @throws BerthError `invalid_config` */
export function below(prefix: string, name: string): { readonly registry: string; readonly repository: string } {
  const [registry = "", ...path] = prefix.split("/");
  const repository = [...path, name].join("/");
  if (!registryForm.test(registry) || !repositoryForm.test(repository)) {
    throw new BerthError("invalid_config", `${JSON.stringify(prefix)} is not HOST[:PORT][/PATH] of a registry.`);
  }
  return { registry, repository };
}

/** Where the registry of that name answers. */
export const hostOf = (registry: string): string => (registry === DOCKER_HUB ? "registry-1.docker.io" : registry);
