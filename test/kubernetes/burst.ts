import { randomUUID } from "node:crypto";
import { quantile } from "./quantile.ts";
import type { EvidenceRow } from "../../src/core/evidence.ts";
import { shown } from "./shown.ts";
import { smallEnvironment, Stage } from "./stage.ts";

/** A hundred rollouts asked for at once: each gets a pod and answers a call, and when they are closed nothing of them is left. */
export async function burst(size = 100): Promise<EvidenceRow[]> {
  await using stage = await Stage.open();
  await using controller = await stage.controller("--pool-sandboxes", "0", "--max-starting", "20");
  const ids = Array.from({ length: size }, () => randomUUID());
  await controller.send("POST", "/v1/environments", { environment: smallEnvironment });

  const started = await Promise.all(
    ids.map(async (rolloutId) => {
      const askedAt = performance.now();
      const body = { rollout_id: rolloutId, environment: smallEnvironment };
      const reply = await controller.send("POST", "/v1/rollouts?wait_seconds=300", body, { timeoutMs: 360_000 });
      const seen = seenOf(reply.body as Seen);
      if (seen !== "active") console.error(`${rolloutId}: ${JSON.stringify((reply.body as Seen).error)}`);
      return { seen, seconds: (performance.now() - askedAt) / 1000 };
    }),
  );
  const active = started.filter(({ seen }) => seen === "active");
  const pods = (await stage.namespace.pods()).filter(({ status }) => status?.phase === "Running").length;
  const answers = await Promise.all(
    ids.map(async (rolloutId) => {
      const body = { call_id: "one", arguments: { command: `echo ${rolloutId}` } };
      const reply = await controller.send("POST", `/v1/rollouts/${rolloutId}/tools/shell`, body);
      return reply.status === 200 && String(reply.body.output).includes(rolloutId);
    }),
  );
  const closingAt = performance.now();
  await Promise.all(ids.map((rolloutId) => controller.send("DELETE", `/v1/rollouts/${rolloutId}`)));
  const left = await stage.leftovers(120_000);
  const goneSeconds = (performance.now() - closingAt) / 1000;

  const seconds = active.map((rollout) => rollout.seconds);
  const others = [...new Set(started.map(({ seen }) => seen).filter((seen) => seen !== "active"))];
  const answered = answers.filter(Boolean).length;
  return [
    shown(`${size} rollouts asked for at once`, [`${active.length} active`, ...others].join(", "), `${size} active`, {
      start_p50_s: quantile(seconds, 0.5),
      start_p99_s: quantile(seconds, 0.99),
      start_max_s: quantile(seconds, 1),
    }),
    shown("their pods run at the same time", String(pods), String(size)),
    shown("their calls are answered", String(answered), String(size)),
    shown("what is left when they are closed", left.join(", ") || "nothing", "nothing", {
      all_gone_s: round(goneSeconds),
    }),
  ];
}

const round = (seconds: number): number => Math.round(seconds * 100) / 100;

interface Seen {
  readonly status?: string;
  readonly error?: { readonly code?: string } | null;
}

const seenOf = (body: Seen): string => body.error?.code ?? body.status ?? "no answer";
