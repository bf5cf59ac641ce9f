import type { AddressInfo } from "node:net";
import closeWithGrace from "close-with-grace";
import { Command } from "commander";
import type { FastifyInstance } from "fastify";
import type { Config } from "../../config/schema.ts";
import { settingNames } from "../../config/schema.ts";
import { BerthError } from "../../core/errors.ts";
import { createLogger } from "../../core/log.ts";
import { dialects } from "../../dialects/all.ts";
import { buildApp } from "../../http/app.ts";
import type { Berth } from "../berth.ts";
import { printJson, type CliContext } from "../context.ts";
import { configOf, withSettings } from "../settings.ts";

/** Time to close connections and the store, after the running calls had theirs. */
const closingMs = 15_000;

/** Connections that may wait to be accepted: a step of a trainer opens hundreds in the same moment. The kernel's own limit is lower or as high. */
const backlog = 4_096;

function assertGuarded(config: Config): void {
  if (config.api_keys.length > 0 || config.allow_anonymous_loopback) return;
  throw new BerthError("invalid_config", "api_keys: no key is set, so nobody could use the API.", {
    remedy:
      'Set one: BERTH_API_KEYS="$(openssl rand -hex 24)". Or let requests from this machine in without a key: berth serve --allow-anonymous-loopback',
  });
}

async function listen(app: FastifyInstance, config: Config): Promise<string> {
  try {
    await app.listen({ host: config.host, port: config.port, backlog });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === "EADDRINUSE" ? "something else listens there" : message;
    throw new BerthError(
      "invalid_config",
      `host and port: cannot listen on ${config.host}:${config.port}: ${reason}.`,
      { cause: error },
    );
  }
  const { address, port, family } = app.server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

/** Resolves when the controller has ended: SIGTERM or SIGINT, or a failure that it does not know. */
function untilEnded(berth: Berth, app: FastifyInstance, onDrain: () => void): Promise<void> {
  const graceMs = berth.config.drain_seconds * 1000;
  return new Promise((resolve) => {
    closeWithGrace({ delay: graceMs + closingMs, logger: berth.log }, async ({ signal, err }) => {
      onDrain();
      if (err) berth.log.fatal({ err }, "The controller ends because of a failure that it does not know.");
      else berth.log.info({ signal, drain_seconds: berth.config.drain_seconds }, "draining");
      await berth.service.drain(graceMs);
      await app.close();
      await berth.close();
      berth.log.info("ended");
      resolve();
    });
  });
}

async function serve(context: CliContext, options: Record<string, unknown>): Promise<void> {
  const config = configOf(context, options);
  assertGuarded(config);
  const log = createLogger({ level: config.log_level, pretty: config.log_pretty });
  const berth = await context.compose(config, log, { role: "controller" });

  let draining = false;
  const accepting = async () => {
    if (draining) throw new BerthError("shutting_down", "The controller is ending.");
  };
  const readiness = { ...berth.readiness, accepting };
  const app = buildApp({
    service: berth.service,
    tools: berth.tools,
    metrics: berth.metrics,
    rolloutKeys: berth.rolloutKeys,
    dialects,
    config,
    log,
    readiness,
  });
  let url: string;
  try {
    url = await listen(app, config);
  } catch (error) {
    await app.close();
    await berth.close();
    throw error;
  }
  await berth.listensOn(url);
  const ended = untilEnded(berth, app, () => (draining = true));
  if (options["json"]) printJson(context, { url, provider: berth.provider });
  else context.terminal.out(`Berth listens on ${url} (provider ${berth.provider}). OpenAPI: ${url}/openapi.json`);
  await ended;
}

export const serveCommand = (context: CliContext): Command =>
  withSettings(new Command("serve"), settingNames)
    .summary("start a controller")
    .description(
      "Starts a controller: the HTTP API on top of sandboxes. SIGTERM lets running calls end within drain_seconds; sandboxes go on and the next controller takes them up.",
    )
    .option("--json", "print the address as JSON")
    .addHelpText(
      "after",
      `
Examples:
  BERTH_API_KEYS="$(openssl rand -hex 24)" berth serve
  berth serve --allow-anonymous-loopback
  berth serve --config /etc/berth.yaml --host 0.0.0.0`,
    )
    .action((options: Record<string, unknown>) => serve(context, options));
