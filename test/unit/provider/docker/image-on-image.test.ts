import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildImage } from "../../../../src/provider/docker/build-image.ts";

/** A daemon that has what it was told to build, and says what it was asked to build or to pull. */
async function daemonIn(folder: string) {
  const did: string[] = [];
  const built = new Set<string>();
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      const url = new URL(request.url ?? "/", "http://daemon");
      const json = (status: number, body: object) => response.writeHead(status).end(JSON.stringify(body));
      const image = /\/images\/(.+)\/json$/.exec(url.pathname)?.[1];
      if (image !== undefined) {
        const name = decodeURIComponent(image);
        return built.has(name) ? json(200, { Id: `sha256:${"0".repeat(64)}`, Config: {} }) : json(404, { message: "" });
      }
      if (url.pathname.endsWith("/build")) {
        const name = url.searchParams.get("t") ?? "";
        did.push(`build ${name}`);
        built.add(name);
        return json(200, { stream: "done\n" });
      }
      did.push(`${request.method} ${url.pathname}`);
      return json(500, { message: "not this one" });
    });
  });
  const socketPath = join(folder, "daemon.sock");
  await once(server.listen(socketPath), "listening");
  return {
    did,
    socketPath,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await once(server.close(), "close");
    },
  };
}

async function place(dockerfiles: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), "berth-images-"));
  for (const [name, text] of Object.entries(dockerfiles)) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, "Dockerfile"), text);
  }
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

const on = (base: string): string => `ARG BASE=${base}\nFROM \${BASE}\n`;

test("a folder that stands on another is built behind it, once", async () => {
  await using here = await place({ below: "FROM scratch\n", above: on("berth/below:latest") });
  await using daemon = await daemonIn(here.folder);
  const build = { docker: daemon, imagesDir: here.folder, name: "above" };
  await buildImage(build);
  await buildImage(build);
  expect(daemon.did).toEqual(["build berth/below:latest", "build berth/above:latest", "build berth/above:latest"]);
});

test.each([
  ["that is not there", on("berth/missing:latest")],
  ["that is itself", on("berth/above:latest")],
])("a base of our own %s is asked of no registry", async (_, dockerfile) => {
  await using here = await place({ above: dockerfile });
  await using daemon = await daemonIn(here.folder);
  const built = buildImage({ docker: daemon, imagesDir: here.folder, name: "above" });
  await expect(built).rejects.toMatchObject({ code: "image_not_found" });
  expect(daemon.did).toEqual([]);
});
