import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

type Json = Record<string, unknown>;

/** Instead of the usual answer to the next request of this method and path. */
export interface Fault {
  readonly method: "GET" | "POST";
  readonly path: RegExp;
  /** `hang` never answers; `drop` does what was asked and breaks the connection. */
  readonly fault: { readonly status: number; readonly body?: unknown } | "hang" | "drop" | "nonsense";
}

interface Job extends Json {
  id: string;
  status: string;
}

export interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly body: ReturnType<typeof JSON.parse>;
  readonly authorization: string | undefined;
}

/** The endpoints of a hosted trainer: files, jobs and their events, newest first, in pages of two. */
export async function standInTrainingService(faults: Fault[] = []) {
  const requests: Recorded[] = [];
  const jobs: Job[] = [];
  const events: Json[] = [];
  /** Each look at a job takes one. */
  const looks: (() => void)[] = [];

  const server = createServer((request, response) => void answer(request, response));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString("utf8");
    const url = new URL(request.url ?? "/", "http://stand-in");
    const method = request.method ?? "";
    const { pathname: path } = url;
    const isJson = request.headers["content-type"] === "application/json";
    requests.push({
      method,
      path: path + url.search,
      body: isJson ? JSON.parse(text) : text,
      authorization: request.headers.authorization,
    });
    const at = faults.findIndex((fault) => fault.method === method && fault.path.test(path));
    const fault = at < 0 ? undefined : faults.splice(at, 1)[0]?.fault;
    if (fault === "hang") return;
    if (fault === "nonsense") return void response.writeHead(200, { "content-type": "text/html" }).end("<html>");
    if (typeof fault === "object")
      return send(response, fault.status, fault.body ?? { error: { message: "Not now." } });
    const [status, body] = usual(method, path, url.searchParams, isJson ? (JSON.parse(text) as Json) : {});
    if (fault === "drop") return void response.destroy();
    send(response, status, body);
  }

  function usual(method: string, path: string, query: URLSearchParams, body: Json): [number, unknown] {
    if (method === "POST" && path.endsWith("/files")) return [200, { id: "file-uploaded", object: "file" }];
    if (method === "POST" && path.endsWith("/fine_tuning/jobs")) {
      const job: Job = { id: `ftjob-${jobs.length + 1}`, object: "fine_tuning.job", ...body, status: "queued" };
      jobs.push(job);
      return [200, job];
    }
    if (path.endsWith("/fine_tuning/jobs")) return [200, { data: jobs.toReversed(), has_more: false }];
    const [, id, rest] = /\/fine_tuning\/jobs\/([^/]+)(\/events)?$/.exec(path) ?? [];
    const job = jobs.find((one) => one.id === id);
    if (!job) return [404, { error: { message: `No job ${id}.` } }];
    if (rest) {
      const newestFirst = events.toReversed();
      const after = newestFirst.findIndex((event) => event["id"] === query.get("after"));
      const page = newestFirst.slice(after + 1, after + 3);
      return [200, { data: page, has_more: after + 3 < newestFirst.length }];
    }
    looks.shift()?.();
    return [200, job];
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    jobs,
    /** What becomes of the only job, look by look. */
    plan: (...steps: { status: string; say?: string[]; more?: Json }[]) => {
      for (const { status, say = [], more = {} } of steps)
        looks.push(() => {
          for (const message of say)
            events.push({ id: `ftevent-${events.length}`, created_at: 1_800_000_000, level: "info", message });
          Object.assign(jobs[0] ?? {}, { status, ...more });
        });
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  // So that tests of what is tried again do not wait.
  response.writeHead(status, { "content-type": "application/json", "retry-after-ms": "1" }).end(JSON.stringify(body));
}
