import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { EnvironmentInput } from "../../model/environment.ts";
import { nameOf } from "../rows/fields.ts";
import { HIDDEN_FOLDER } from "../task-of-row.ts";
import { Unusable, type ImageBuild, type Task, type TaskFile } from "../task.ts";
import { workdirOf } from "./dockerfile.ts";
import { readFolder } from "./read-folder.ts";
import { readTaskToml, type HarborSettings } from "./task-toml.ts";
import { fetchesOf, TESTS_FOLDER, verifierCommand, verifierSetup } from "./verifier.ts";

/** Harbor's own where a task says none, in seconds. */
const USUAL_SECONDS = 600;
/** Of an instruction, in characters. */
const LONGEST_PROMPT = 1_000_000;

export interface TaskOfFolderOptions {
  /** Says everything that the task does not, and overrides its resources, budget and variables. */
  readonly template: Partial<EnvironmentInput>;
  /** Instead of the task's image. */
  readonly image: string | undefined;
}

/** A task folder of Harbor's. @throws Unusable saying why no task can be made of it */
export async function taskOfFolder(folder: string, { template, image }: TaskOfFolderOptions): Promise<Task> {
  const settings = readTaskToml(await textOf(folder, "task.toml"));
  const prompt = await textOf(folder, "instruction.md");
  if (prompt.length > LONGEST_PROMPT) throw new Unusable(`instruction.md has more than ${LONGEST_PROMPT} characters`);
  const [context, tests, solution] = (await Promise.all(
    ["environment", "tests", "solution"].map((name) => readFolder(folder, name)),
  )) as [TaskFile[], TaskFile[], TaskFile[]];
  if (context.some(({ path }) => /^(?:docker-)?compose\.ya?ml$/.test(path)))
    throw new Unusable("it consists of several containers (docker-compose)");
  const script = textIn(tests, "test.sh");
  if (script === undefined) throw new Unusable("there is no tests/test.sh");
  const id = nameOf(settings.name?.replace("/", "__") ?? basename(resolve(folder)));
  const dockerfile = textIn(context, "Dockerfile");
  const workdir = settings.workdir ?? workdirOf(dockerfile ?? "") ?? template.workdir;
  if (workdir === undefined) throw new Unusable("neither task.toml, Dockerfile nor template says its workdir");
  const ready = image?.replaceAll("{instance_id}", id) ?? settings.image;
  const build = ready === undefined ? buildOf(folder, id, dockerfile, context) : undefined;
  const fetches = fetchesOf(script);
  return {
    environment: {
      ...template,
      name: id,
      image: ready ?? build?.reference ?? "",
      workdir,
      setup: [verifierSetup, ...(template.setup ?? [])],
      env: { ...settings.env, ...template.env },
      resources: { ...resourcesOf(settings, template), ...template.resources },
      budget: {
        wall_seconds: Math.ceil(settings.agentSeconds ?? USUAL_SECONDS),
        grading_seconds: Math.min(86_400, Math.ceil(settings.verifierSeconds ?? USUAL_SECONDS)),
        ...template.budget,
      },
      graders: [
        {
          type: "command",
          name: "verifier",
          command: verifierCommand(tests, settings.verifierEnv),
          files: HIDDEN_FOLDER,
        },
      ],
    },
    hidden: tests.map((file) => ({ ...file, path: `${TESTS_FOLDER}/${file.path}` })),
    solution: solution.map((file) => ({ ...file, path: `solution/${file.path}` })),
    prompt,
    ...(build === undefined ? {} : { build }),
    ...(fetches === undefined ? {} : { notes: [`tests/test.sh says "${fetches}", and grading has no network`] }),
  };
}

/** Under a profile that a template names, its limit of the disk holds. */
const resourcesOf = ({ cpus, memoryMb, diskMb }: HarborSettings, { profile }: Partial<EnvironmentInput>) => ({
  ...(cpus === undefined ? {} : { cpus }),
  ...(memoryMb === undefined ? {} : { memory_mb: Math.ceil(memoryMb) }),
  ...(diskMb === undefined || profile !== undefined ? {} : { disk_mb: Math.ceil(diskMb) }),
});

function buildOf(folder: string, id: string, dockerfile: string | undefined, context: readonly TaskFile[]): ImageBuild {
  if (dockerfile === undefined) throw new Unusable("there is neither an environment/Dockerfile nor a docker_image");
  const hash = createHash("sha256");
  for (const { path, content, executable } of context)
    hash.update(`${path}\n${executable}\n${content.byteLength}\n`).update(content);
  const repository = id
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  return {
    folder: resolve(folder, "environment"),
    reference: `berth-harbor/${repository}:${hash.digest("hex").slice(0, 16)}`,
  };
}

async function textOf(folder: string, name: string): Promise<string> {
  return readFile(join(folder, name), "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new Unusable(`there is no ${name}`, { cause: error });
    throw error;
  });
}

function textIn(files: readonly TaskFile[], path: string): string | undefined {
  const found = files.find((file) => file.path === path);
  return found && Buffer.from(found.content).toString("utf8");
}
