import { describe, expect, test } from "vitest";
import { connectGuest } from "../../../../src/guest/connect-guest.ts";
import { createMemoryProvider, type MemoryProviderOptions } from "../../../../src/provider/memory/memory-provider.ts";
import { MemoryWorld } from "../../../../src/provider/memory/world.ts";
import { profileNamed } from "../../../support/providers.ts";

async function sandbox(options: MemoryProviderOptions = {}) {
  const provider = createMemoryProvider(options);
  const handle = await provider.create({
    id: "one",
    labels: { owner: "test", purpose: "test", incarnation: "1" },
    base: { kind: "image", image: await provider.snapshots.resolveImage("host") },
    profile: await profileNamed("standard"),
    resources: { cpus: 1, memory_mb: 64, pids: 32 },
    workdir: "/workspace",
    expiresAtMs: Date.now() + 60_000,
  });
  const guest = await connectGuest({ open: () => provider.connect(handle) });
  let calls = 0;
  const sh = async (script: string) => {
    const request = { callId: String(++calls), argv: ["sh", "-c", script], env: { NAME: "value" }, timeoutMs: 2_000 };
    const { outcome, stdout, stderr } = await guest.exec({ ...request, headBytes: 10_000, tailBytes: 10_000 });
    return { code: outcome.type === "exited" ? outcome.code : outcome.type, out: stdout.head, err: stderr.head };
  };
  return { provider, handle, guest, sh, [Symbol.asyncDispose]: () => guest.close() };
}

describe("The interpreted shell", () => {
  test.each([
    ["true && echo a || echo b", "a\n"],
    ["false && echo a || echo b; echo c", "b\nc\n"],
    ["! false && echo not", "not\n"],
    ["echo one | cat | cat", "one\n"],
    ["yes | head -n 2", "y\ny\n"],
    ['X=1; echo $X ${NAME} "$X y" \'$X\' a"b"c', "1 value 1 y $X abc\n"],
    ["X=2 env | grep X", "X=2\n"],
    ["echo a > f; echo b >> f; cat < f", "a\nb\n"],
    ["cat missing 2> err; cat err", "sh: missing does not exist.\n"],
    ["(echo out; echo err >&2) > both 2>&1; cat both", "out\nerr\n"],
    ["mkdir -p a/b; cd a; { cd b; pwd; }; (cd /); pwd", "/workspace/a/b\n/workspace/a/b\n"],
    ["(exit 3); echo $?; false; echo $?", "3\n1\n"],
    ["while ! test -e done; do echo once; touch done; done", "once\n"],
    ["printf '%s-%d\\n' a 1 b 2", "a-1\nb-2\n"],
    ["sh -c 'echo $0 $1 $#' name one", "name one 1\n"],
    ["printf '#!/bin/sh\\necho ran $1\\n' > run; chmod +x run; ./run it", "ran it\n"],
    ["sleep 0.05 & wait; echo after # a comment", "after\n"],
    ["echo a; # echo b\necho c", "a\nc\n"],
  ])("%s", async (script, out) => {
    await using box = await sandbox();
    expect((await box.sh(script)).out).toBe(out);
  });

  test.each([
    "if true; then echo a; fi",
    "for i in 1 2; do echo $i; done",
    "cat <<EOF",
    "echo $(pwd)",
    "echo `pwd`",
    "echo ${X:-1}",
    "echo 'open",
    "(echo a",
  ])("what it does not interpret is refused whole, not run in part: %s", async (script) => {
    await using box = await sandbox();
    expect(await box.sh(`echo before; ${script}`)).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining("syntax error"),
    });
  });

  test("a program that it does not have ends with 127", async () => {
    await using box = await sandbox();
    expect(await box.sh("python3 -c 1")).toEqual({ code: 127, out: "", err: "sh: python3: not found\n" });
  });

  test("a test may add programs and images", async () => {
    await using box = await sandbox({
      images: { host: { "/workspace/greeting": "hello\n" } },
      programs: {
        shout: async ({ stdout }, args) => {
          await stdout.write(Buffer.from(args.join(" ").toUpperCase()));
          return 7;
        },
      },
    });
    expect(await box.sh("cat greeting; shout hey")).toEqual({ code: 7, out: "hello\nHEY", err: "" });
  });
});

describe("A sandbox in memory", () => {
  test("can be made to die, for tests of what follows", async () => {
    const world = new MemoryWorld();
    await using box = await sandbox({ world });
    await world.crash("one", { oom: true });
    expect(await box.provider.inspect(box.handle)).toEqual({ status: "exited", code: 137, oom: true });
    await expect(box.guest.health()).rejects.toMatchObject({ code: "sandbox_lost" });
  });
});
