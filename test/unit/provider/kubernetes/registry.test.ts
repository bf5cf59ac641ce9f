import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readBlob } from "../../../../src/provider/kubernetes/registry/blobs.ts";
import { mediaType } from "../../../../src/provider/kubernetes/registry/image-manifest.ts";
import { Registry } from "../../../../src/provider/kubernetes/registry/registry.ts";

type Answer = (request: IncomingMessage, reply: ServerResponse) => void;

const digestOf = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const descriptor = { mediaType: mediaType.config, digest: digestOf("config"), size: 6 };
const manifest = JSON.stringify({ schemaVersion: 2, config: descriptor, layers: [] });

/** What registries answer that misbehave; a real one is in the integration tests. */
describe("the client of a registry", () => {
  let server: Server;
  let folder: string;
  let address: string;
  let answers: Record<string, Answer>;
  let asked: string[];

  beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), "berth-credentials-"))));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    answers = {};
    asked = [];
    server = createServer((request, reply) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? "-"}`);
      const answer = answers[`${request.method} ${new URL(request.url ?? "", "http://x").pathname}`];
      if (answer) answer(request, reply);
      else reply.writeHead(404).end("{}");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const client = (credentials = "") => new Registry({ insecure: [address], credentials, architecture: "amd64" });
  const image = (version = "latest") => ({ registry: address, repository: "a/b", version });
  const says =
    (text: string, status = 200, headers: Record<string, string> = {}): Answer =>
    (_request, reply) =>
      reply.writeHead(status, headers).end(text);

  async function credentials(content: unknown): Promise<string> {
    const file = join(folder, "config.json");
    await writeFile(file, JSON.stringify(content));
    return file;
  }

  it("answers a bearer challenge with a token, and asks for it once", async () => {
    const file = await credentials({ auths: { [address]: { auth: Buffer.from("user:pass").toString("base64") } } });
    answers["GET /token"] = says(JSON.stringify({ token: "granted", expires_in: 300 }));
    answers["GET /v2/a/b/manifests/latest"] = (request, reply) => {
      if (request.headers.authorization === "Bearer granted") return void reply.end(manifest);
      const challenge = `Bearer realm="http://${address}/token",service="tests"`;
      reply.writeHead(401, { "www-authenticate": challenge }).end();
    };
    const registry = client(file);
    expect(await registry.manifest(image())).toMatchObject({ digest: digestOf(manifest) });
    await registry.manifest(image());
    const scope = encodeURIComponent("repository:a/b:pull");
    expect(asked).toEqual([
      "GET /v2/a/b/manifests/latest -",
      `GET /token?scope=${scope}&service=tests Basic ${Buffer.from("user:pass").toString("base64")}`,
      "GET /v2/a/b/manifests/latest Bearer granted",
      "GET /v2/a/b/manifests/latest Bearer granted",
    ]);
  });

  it("exchanges an identity token where the file has one", async () => {
    const file = await credentials({ auths: { [`https://${address}`]: { identitytoken: "refresh" } } });
    answers["POST /token"] = says(JSON.stringify({ access_token: "granted" }));
    answers["GET /v2/a/b/manifests/latest"] = (request, reply) => {
      if (request.headers.authorization === "Bearer granted") return void reply.end(manifest);
      reply.writeHead(401, { "www-authenticate": `Bearer realm="http://${address}/token"` }).end();
    };
    expect(await client(file).manifest(image())).toBeDefined();
  });

  it("tells who may not from what is not there", async () => {
    answers["GET /v2/a/b/manifests/latest"] = says(JSON.stringify({ errors: [{ code: "DENIED" }] }), 403);
    await expect(client().manifest(image())).rejects.toMatchObject({ status: 403, code: "DENIED" });
    expect(await client().manifest(image("other"))).toBeUndefined();
  });

  it("says of credentials only that they cannot be read", async () => {
    const file = join(folder, "broken.json");
    await writeFile(file, "secret, and no JSON");
    answers["GET /v2/a/b/manifests/latest"] = says("", 401, { "www-authenticate": "Basic realm=x" });
    const failure = client(file).manifest(image());
    await expect(failure).rejects.toMatchObject({ code: "invalid_config" });
    await expect(failure).rejects.not.toThrow("secret");
  });

  it("chooses from an index what the nodes can run", async () => {
    const entry = (architecture: string, text: string) => ({
      mediaType: mediaType.manifest,
      digest: digestOf(text),
      size: text.length,
      platform: { os: "linux", architecture },
    });
    const indexed = (...entries: unknown[]) => JSON.stringify({ schemaVersion: 2, manifests: entries });
    answers["GET /v2/a/b/manifests/latest"] = says(indexed(entry("arm64", "x"), entry("amd64", manifest)));
    answers[`GET /v2/a/b/manifests/${digestOf(manifest)}`] = says(manifest);
    expect(await client().manifest(image())).toMatchObject({ digest: digestOf(manifest) });
    answers["GET /v2/a/b/manifests/latest"] = says(indexed(entry("arm64", "x")));
    await expect(client().manifest(image())).rejects.toMatchObject({ code: "image_not_found" });
  });

  it("refuses content that is not what its digest names", async () => {
    answers[`GET /v2/a/b/manifests/${digestOf(manifest)}`] = says(`${manifest} `);
    const other = client().manifest(image(digestOf(manifest)));
    await expect(other).rejects.toMatchObject({ code: "provider_unavailable" });
    answers[`GET /v2/a/b/blobs/${digestOf("config")}`] = says("other!");
    const from = { registry: address, repository: "a/b" };
    const blob = readBlob(client(), from, digestOf("config"), { limit: 100 });
    await expect(blob).rejects.toMatchObject({ code: "provider_unavailable" });
  });

  it("refuses what is too long, no JSON or no image", async () => {
    for (const text of ["x".repeat(5 * 1024 * 1024), "{", "[]", JSON.stringify({ schemaVersion: 1 })]) {
      answers["GET /v2/a/b/manifests/latest"] = says(text);
      await expect(client().manifest(image())).rejects.toMatchObject({ code: "provider_unavailable" });
    }
  });

  it("reads all pages of tags", async () => {
    answers["GET /v2/a/b/tags/list"] = (request, reply) => {
      const isFirst = !request.url?.includes("last=");
      const link = '</v2/a/b/tags/list?n=1000&last=one>; rel="next"';
      reply.writeHead(200, isFirst ? { link } : {}).end(JSON.stringify({ tags: [isFirst ? "one" : "two"] }));
    };
    expect(await client().tags({ registry: address, repository: "a/b" })).toEqual(["one", "two"]);
    expect(await client().tags({ registry: address, repository: "none" })).toEqual([]);
  });

  it("ends with its caller", async () => {
    answers["GET /v2/a/b/manifests/latest"] = () => {};
    const leaving = new AbortController();
    const asking = client().manifest(image(), leaving.signal);
    leaving.abort(new Error("gone"));
    await expect(asking).rejects.toThrow("gone");
  });

  it("says which registry cannot be reached", async () => {
    server.close();
    server.closeAllConnections();
    const failure = client().manifest(image());
    await expect(failure).rejects.toMatchObject({ code: "provider_unavailable" });
    await expect(failure).rejects.toThrow(address);
  });
});
