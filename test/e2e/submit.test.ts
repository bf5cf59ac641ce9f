import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { whyUnavailable } from "../support/backend-availability.ts";
import { ControllerProcess, dataDirectory, type Method } from "../support/controller-process.ts";
import { gitRepository, type GitRepository } from "../support/git-repository.ts";
import { ResidueCheck } from "../support/residue.ts";

const files = {
  "src/limits.py": "MOST_USERS = 4711\n",
  "src/door.py": "from limits import MOST_USERS\n\ndef open_door(users):\n    return len(users) < MOST_USERS\n",
};
const facts = [
  { id: "number", text: "At most 4711 users are let in.", match: ["4711"], distractors: ["no limit"] },
  { id: "place", text: "The limit is in src/limits.py.", match: ["src/limits.py"] },
];

describe("an answer that a policy submits, on oci", () => {
  let unavailable: string | undefined;
  let place: Awaited<ReturnType<typeof dataDirectory>>;
  let controller: ControllerProcess;
  let repository: GitRepository;
  let residue: ResidueCheck;

  beforeAll(async () => {
    unavailable = await whyUnavailable("oci");
    if (unavailable !== undefined) return;
    place = await dataDirectory();
    residue = await ResidueCheck.of(place.path);
    repository = await gitRepository([{ files }]);
    controller = await ControllerProcess.start({ backend: "oci", dataDir: place.path });
    await send("POST", "/v1/environments", {
      environment: {
        name: "questions",
        image: "host",
        repo: { url: repository.url, commit: repository.commits[0] },
        tools: ["grep", "retrieve", "submit"],
        graders: [{ type: "fact_recall", facts, judge: false }],
      },
    });
  });

  beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));

  afterAll(async () => {
    if (unavailable !== undefined) return;
    await controller[Symbol.asyncDispose]();
    await residue.expectNothing();
    await repository[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  const send = (method: Method, path: string, body?: unknown) => controller.send(method, path, body);

  async function rollout() {
    const created = await send("POST", "/v1/rollouts?wait_seconds=60", { environment: "questions" });
    const path = `/v1/rollouts/${String(created.body.rollout_id)}`;
    return {
      tool: async (name: string, args: object): Promise<string> =>
        String((await send("POST", `${path}/tools/${name}`, { arguments: args })).body.output),
      grade: (request: object = {}) => send("POST", `${path}/grade`, request),
    };
  }

  test("reaches the grader as what was found by tools", async () => {
    const { tool, grade } = await rollout();
    const [found = ""] = (await tool("grep", { pattern: "^MOST_USERS" })).split("\n");
    const [path, , line] = found.split(":");
    expect(await tool("submit", { answer: `${path} says ${line}` })).toBe("submitted\n");
    const graded = await grade();
    expect(graded).toMatchObject({ status: 200, body: { status: "scored", reward: 1 } });
    expect(await grade()).toMatchObject({ body: { reward: 1 } });
  });

  test("counts as it was submitted last", async () => {
    const { tool, grade } = await rollout();
    await tool("submit", { answer: "It is 4711, see src/limits.py." });
    await tool("submit", { answer: "It is 4711, I think." });
    expect(await grade()).toMatchObject({ body: { status: "scored", reward: 0.5 } });
  });

  test("yields to the answer that the caller gives", async () => {
    const { tool, grade } = await rollout();
    await tool("submit", { answer: "It is 4711, see src/limits.py." });
    expect(await grade({ answer: "There is no limit that I could find." })).toMatchObject({
      body: { status: "scored", reward: 0 },
    });
  });

  test("is missed where none was submitted", async () => {
    const { grade } = await rollout();
    expect(await grade()).toMatchObject({ body: { status: "scored", reward: 0 } });
  });
});
