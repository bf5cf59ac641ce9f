/**
 * What the set-up asks of a Docker Engine. `ping`: exit status 0 when it answers. `sweep`: removes sandboxes that a run
 * left, says so, and ends with 1 when there were any.
 */
import Docker from "dockerode";

const docker = new Docker({ timeout: 20_000 });

async function sweep(): Promise<number> {
  const left = await docker.listContainers({ all: true, filters: { label: ["berth.sandbox"] } });
  for (const { Id } of left) await docker.getContainer(Id).remove({ force: true, v: true });
  if (left.length > 0) console.error(`setup: LEFT BEHIND in the private engine, now removed: ${left.length} sandboxes`);
  return left.length === 0 ? 0 : 1;
}

const answers = async (): Promise<number> => {
  await docker.ping();
  return 0;
};

const [command] = process.argv.slice(2);
try {
  process.exitCode = await (command === "sweep" ? sweep() : answers());
} catch (thrown) {
  if (command === "sweep") console.error(`setup: the engine could not be swept: ${String(thrown)}`);
  process.exitCode = 1;
}
