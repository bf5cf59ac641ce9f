import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { connectDaemon } from "../../../../src/provider/docker/daemon.ts";
import { fromClient, refusedAs } from "../../../../src/provider/docker/daemon-errors.ts";
import { probeDocker } from "../../../../src/provider/docker/probe.ts";

/** A socket behind which `answer` stands in for the daemon. */
async function fakeDaemon(answer: RequestListener): Promise<{ socketPath: string } & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), "berth-docker-"));
  const socketPath = join(directory, "docker.sock");
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    socketPath,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true });
    },
  };
}

describe("a request to the daemon", () => {
  it("is provider_unavailable with what to do when nothing listens", async () => {
    const daemon = connectDaemon({ socketPath: "/nonexistent/docker.sock" });
    const asked = daemon.call("docker ps", 1000, (abortSignal) => daemon.docker.listContainers({ abortSignal }));
    await expect(asked).rejects.toMatchObject({
      code: "provider_unavailable",
      remedy: expect.stringContaining("docker"),
    });
    daemon.close();
  });

  it("ends at its deadline when the daemon hangs", async () => {
    await using server = await fakeDaemon(() => undefined);
    const daemon = connectDaemon({ socketPath: server.socketPath });
    const asked = daemon.call("docker ps", 50, (abortSignal) => daemon.docker.listContainers({ abortSignal }));
    await expect(asked).rejects.toMatchObject({
      code: "deadline_exceeded",
      message: expect.stringContaining("docker ps"),
    });
    daemon.close();
  });

  it("ends with the caller's reason when the caller gives up", async () => {
    await using server = await fakeDaemon(() => undefined);
    const daemon = connectDaemon({ socketPath: server.socketPath });
    const giveUp = new AbortController();
    const list = (abortSignal: AbortSignal) => daemon.docker.listContainers({ abortSignal });
    const asked = daemon.call("docker ps", 10_000, list, giveUp.signal);
    giveUp.abort(new Error("enough"));
    await expect(asked).rejects.toThrow("enough");
    daemon.close();
  });

  it("gives the daemon's own sentence when it refuses", async () => {
    await using server = await fakeDaemon((_, reply) => {
      reply.writeHead(500, { "content-type": "application/json" }).end('{"message":"no space left on device"}');
    });
    const daemon = connectDaemon({ socketPath: server.socketPath });
    const asked = daemon.call("docker ps", 1000, (abortSignal) => daemon.docker.listContainers({ abortSignal }));
    await expect(asked).rejects.toMatchObject({ status: 500, message: "no space left on device" });
    daemon.close();
  });
});

describe("an error of the client", () => {
  it("becomes a refusal only when the daemon answered", () => {
    expect(
      fromClient(Object.assign(new Error("(HTTP code 404) no such container - gone "), { statusCode: 404 })),
    ).toMatchObject({
      status: 404,
      message: "gone",
    });
    expect(fromClient(Object.assign(new Error("connect EACCES"), { code: "EACCES" }))).toMatchObject({
      code: "provider_unavailable",
      remedy: expect.stringContaining("usermod"),
    });
  });

  it("keeps its type when it is none of the daemon's", () => {
    const other = new TypeError("ours");
    expect(refusedAs("sandbox_create_failed", "start", other)).toBe(other);
  });
});

describe("probeDocker", () => {
  it("gives each reason with its remedy", async () => {
    const probe = await probeDocker({
      docker: { socketPath: "/nonexistent/docker.sock" },
      guestBinary: "/nonexistent/guest",
    });
    expect(probe.works).toBe(false);
    expect(probe.daemon).toBeUndefined();
    expect(probe.reasons).toHaveLength(2);
    for (const { what, remedy } of probe.reasons) expect([what, remedy]).not.toContain("");
  });

  it("refuses a guest of another architecture", async () => {
    await using server = await fakeDaemon((_, reply) => {
      reply.writeHead(200, { "content-type": "application/json" }).end('{"OSType":"linux","Architecture":"s390x"}');
    });
    const probe = await probeDocker({ docker: { socketPath: server.socketPath }, guestBinary: process.execPath });
    expect(probe.reasons).toEqual([{ what: expect.stringContaining("s390x"), remedy: expect.any(String) }]);
  });

  it("refuses a daemon that runs no Linux containers", async () => {
    await using server = await fakeDaemon((_, reply) => {
      reply.writeHead(200, { "content-type": "application/json" }).end('{"OSType":"windows"}');
    });
    const probe = await probeDocker({ docker: { socketPath: server.socketPath }, guestBinary: process.execPath });
    expect(probe.reasons.map(({ what }) => what)).toEqual(["The Docker daemon does not run Linux containers."]);
  });
});
