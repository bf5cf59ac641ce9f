import { randomBytes } from "node:crypto";
import { stat } from "node:fs/promises";
import path from "node:path";
import Docker from "dockerode";
import { execa } from "execa";
import { table } from "../../src/cli/table.ts";
import { dockerConnection } from "../../src/config/docker-connection.ts";
import { evidence, writeEvidence, type EvidenceRow } from "../../src/core/evidence.ts";

/** `make test-compose`: infra/compose played as its README says, with the engine of DOCKER_HOST. */
const root = path.resolve(import.meta.dirname, "../..");
const host = process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock";
const socket = host.replace(/^unix:\/\//, "");
const project = `berth-check-${process.pid}`;
const key = randomBytes(24).toString("hex");
const docker = new Docker(dockerConnection(host));

const env = {
  DOCKER_HOST: host,
  DOCKER_SOCKET: socket,
  DOCKER_GID: String((await stat(socket)).gid),
  BERTH_API_KEYS: key,
  BERTH_LISTEN: "127.0.0.1:0",
};
const compose = (...args: string[]) =>
  execa(
    path.join(root, "build/tools/docker-compose"),
    ["--file", path.join(root, "infra/compose/compose.yaml"), "--project-name", project, ...args],
    { env, timeout: 240_000, all: true },
  );

/** The controller at its address in the engine's network: whether ports are published is the engine's affair. */
async function controller() {
  const [found] = await docker.listContainers({ filters: { label: [`com.docker.compose.project=${project}`] } });
  if (!found) throw new Error("There is no container of the project.");
  const address = Object.values(found.NetworkSettings.Networks)[0]?.IPAddress;
  return async (method: string, to: string, body?: unknown) => {
    const answer = await fetch(`http://${address}:7420${to}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(120_000),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
}

const sandboxes = async () => {
  const running = await docker.listContainers({ all: true, filters: { label: ["berth.sandbox"] } });
  return running.map(({ Id }) => Id).toSorted();
};

const rows: EvidenceRow[] = [];
const shown = (name: string, result: unknown, expected: string) => {
  const text = typeof result === "string" ? result : JSON.stringify(result);
  rows.push({ case: name, backend: "docker", result: text, expected, ok: text === expected });
};

const startedAtMs = Date.now();
const before = await sandboxes();
try {
  for (const profile of ["", "postgres"]) {
    const { stdout } = await compose(...(profile ? ["--profile", profile] : []), "config", "--services");
    const expected = profile ? "berth postgres" : "berth";
    shown(
      `the file is sound${profile ? ` with the profile ${profile}` : ""}`,
      stdout.split("\n").toSorted().join(" "),
      expected,
    );
  }
  await compose("up", "--detach", "--wait");
  let send = await controller();
  shown("it comes up and is ready", (await send("GET", "/readyz")).body["status"], "ready");

  const environment = {
    name: "composed",
    image: "base",
    profile: "standard-unlimited-disk",
    graders: [
      {
        type: "tests",
        command: "test -f answer && printf 'TAP version 13\\n# done\\nok 1 done\\n1..1\\n'",
        framework: "tap",
        canaries: false,
      },
    ],
  };
  const made = await send("POST", "/v1/rollouts?wait_seconds=120", { environment });
  shown("a rollout gets a sandbox of the engine beneath", made.body["status"] ?? made.body, "active");
  const rollout = `/v1/rollouts/${String(made.body["rollout_id"])}`;
  const shell = (call_id: string, command: string) =>
    send("POST", `${rollout}/tools/shell`, { call_id, arguments: { command } });
  shown(
    "a command runs in it",
    (await shell("c1", "echo 42 > answer; id -u; cat answer")).body["output"],
    "1000\n42\n",
  );

  await compose("restart", "berth");
  await compose("up", "--detach", "--wait");
  send = await controller();
  shown("after a restart it goes on in the same sandbox", (await shell("c2", "cat answer")).body["output"], "42\n");
  shown(
    "the call before is remembered",
    (await shell("c1", "echo 42 > answer; id -u; cat answer")).body["replayed"],
    "true",
  );
  shown("it is graded in a clean sandbox", (await send("POST", `${rollout}/grade`, {})).body["reward"], "1");
  shown("its end leaves no sandbox", await sandboxes(), JSON.stringify(before));
} catch (thrown) {
  shown("nothing fails", thrown instanceof Error ? thrown.message : String(thrown), "nothing");
  console.error((await compose("logs", "--tail", "30")).all);
} finally {
  await compose("--profile", "postgres", "down", "--volumes", "--timeout", "60");
}
const left = await docker.listContainers({ all: true, filters: { label: [`com.docker.compose.project=${project}`] } });
shown("down leaves no container", String(left.length), "0");

const report = evidence("test-compose", startedAtMs, rows);
const file = await writeEvidence("reports", report);
console.log(
  table(
    ["", "case", "result"],
    rows.map((row) => [row.ok ? "" : "!", row.case, row.result.trim()]),
    90,
  ),
);
console.log(`The rows are in ${file}.`);
process.exitCode = report.ok ? 0 : 1;
