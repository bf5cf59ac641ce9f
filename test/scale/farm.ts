import { fork } from "node:child_process";
import { connect, type Socket } from "node:net";
import path from "node:path";
import { BerthError, type ErrorCode } from "../../src/core/errors.ts";
import type { SandboxHandle } from "../../src/provider/provider.ts";
import { prefaceOf, type Asked, type Told } from "./farm-messages.ts";

/** The process that runs the guests of a simulated cluster. */
export interface Farm {
  ask<T>(of: Asked["of"], method: string, ...args: readonly unknown[]): Promise<T>;
  /** @throws BerthError `sandbox_lost` */
  dial(handle: SandboxHandle): Promise<Socket>;
  close(): void;
}

/** Resolves when it takes connections. */
export async function startFarm(): Promise<Farm> {
  const child = fork(path.join(import.meta.dirname, "farm-process.ts"), { serialization: "advanced" });
  const open = new Map<number, PromiseWithResolvers<unknown>>();
  const listens = Promise.withResolvers<string>();
  let last = 0;
  child.on("message", (told: Told) => {
    if ("listens" in told) return listens.resolve(told.listens);
    const waiting = open.get(told.id);
    open.delete(told.id);
    if ("code" in told) waiting?.reject(new BerthError(told.code as ErrorCode, told.message));
    else waiting?.resolve(told.value);
  });
  child.once("exit", () => {
    const gone = new BerthError("provider_unavailable", "The simulated cluster has ended.");
    listens.reject(gone);
    for (const { reject } of open.values()) reject(gone);
    open.clear();
  });
  const socketPath = await listens.promise;
  return {
    ask<T>(of: Asked["of"], method: string, ...args: readonly unknown[]): Promise<T> {
      const waiting = Promise.withResolvers<unknown>();
      const id = ++last;
      open.set(id, waiting);
      child.send({ id, of, method, args } satisfies Asked);
      return waiting.promise as Promise<T>;
    },
    dial: (handle) =>
      new Promise((resolve, reject) => {
        const socket = connect(socketPath);
        socket.once("error", (cause) =>
          reject(new BerthError("sandbox_lost", "The guest cannot be reached.", { cause })),
        );
        socket.once("connect", () => {
          socket.write(prefaceOf(handle));
          resolve(socket);
        });
      }),
    close: () => child.disconnect(),
  };
}
