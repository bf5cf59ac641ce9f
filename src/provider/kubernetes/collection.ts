import type { V1ObjectMeta } from "@kubernetes/client-node";
import type { ApiServer } from "./api-server.ts";
import { deadlines } from "./deadlines.ts";
import { refusalStatus } from "./refusal.ts";

const pageSize = 500;

/** What every object of the API has. */
export interface ApiObject {
  metadata?: V1ObjectMeta;
}

interface Page<T> {
  readonly items?: readonly T[];
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
}

/** The objects of one kind in one namespace. */
export interface Collection<T extends ApiObject> {
  /** For messages: `pods`. */
  readonly what: string;
  readonly path: string;
  /** @throws ApiRefusal, BerthError `provider_unavailable`; as all of these */
  create(object: T, signal?: AbortSignal): Promise<T>;
  read(name: string, signal?: AbortSignal): Promise<T | undefined>;
  /** Asks for the object's end, which may take a while. Fine when it is gone, or when the name is another's now. */
  remove(name: string, uid: string | undefined): Promise<void>;
  /** All that the selector matches, and the version from which a watch goes on. */
  list(selector: string, signal?: AbortSignal): Promise<{ readonly items: T[]; readonly version: string }>;
}

/** `removal`: of DeleteOptions, what each removal says. */
export function collectionOf<T extends ApiObject>(
  api: ApiServer,
  { kind, path, removal }: { readonly kind: string; readonly path: string; readonly removal: object },
): Collection<T> {
  const what = `${kind}s`;
  return {
    what,
    path,

    create: (object, signal) =>
      api.ask({
        what: `create ${kind} ${object.metadata?.name}`,
        method: "POST",
        path,
        body: object,
        deadlineMs: deadlines.create,
        signal,
      }),

    async read(name, signal) {
      try {
        return await api.ask<T>({
          what: `read ${kind} ${name}`,
          method: "GET",
          path: `${path}/${name}`,
          deadlineMs: deadlines.ask,
          signal,
        });
      } catch (thrown) {
        if (refusalStatus(thrown) === 404) return undefined;
        throw thrown;
      }
    },

    async remove(name, uid) {
      const body = {
        apiVersion: "v1",
        kind: "DeleteOptions",
        ...removal,
        ...(uid === undefined ? {} : { preconditions: { uid } }),
      };
      try {
        await api.ask({
          what: `delete ${kind} ${name}`,
          method: "DELETE",
          path: `${path}/${name}`,
          body,
          deadlineMs: deadlines.remove,
        });
      } catch (thrown) {
        const status = refusalStatus(thrown);
        if (status !== 404 && status !== 409) throw thrown;
      }
    },

    async list(selector, signal) {
      const items: T[] = [];
      for (let token: string | undefined; ;) {
        const page: Page<T> = await api.ask({
          what: `list ${what}`,
          method: "GET",
          path,
          query: { labelSelector: selector, limit: pageSize, continue: token },
          deadlineMs: deadlines.list,
          signal,
        });
        items.push(...(page.items ?? []));
        token = page.metadata?.continue || undefined;
        if (token === undefined) return { items, version: page.metadata?.resourceVersion ?? "" };
      }
    },
  };
}
