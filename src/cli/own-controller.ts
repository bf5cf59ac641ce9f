import type { AddressInfo } from "node:net";
import { BerthClient } from "../client/berth-client.ts";
import type { Config } from "../config/schema.ts";
import { systemIds } from "../core/ids.ts";
import { createLogger } from "../core/log.ts";
import { dialects } from "../dialects/all.ts";
import { buildApp } from "../http/app.ts";
import type { Berth, Compose } from "./berth.ts";

/** A controller of a command's own, in its process, on a free loopback port with a key that nobody else knows. */
export interface OwnController extends AsyncDisposable {
  readonly berth: Berth;
  readonly client: BerthClient;
  readonly url: string;
  readonly key: string;
}

export async function startController(config: Config, compose: Compose): Promise<OwnController> {
  const key = systemIds.hex(24);
  const settings: Config = { ...config, host: "127.0.0.1", port: 0, api_keys: [key], allow_anonymous_loopback: false };
  await using started = new AsyncDisposableStack();
  const log = createLogger({ level: config.log_level });
  const berth = await compose(settings, log, { role: "controller" });
  started.defer(() => berth.close());
  const app = buildApp({
    service: berth.service,
    tools: berth.tools,
    metrics: berth.metrics,
    rolloutKeys: berth.rolloutKeys,
    dialects,
    config: settings,
    log,
    readiness: berth.readiness,
  });
  started.defer(() => app.close());
  await app.listen({ host: settings.host, port: 0 });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const parts = started.move();
  return {
    berth,
    url,
    key,
    client: new BerthClient({ url, apiKey: key, patienceSeconds: 0 }),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
