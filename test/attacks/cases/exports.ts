import { mkdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { exportChangeSet } from "../../../src/grader/change-set/export.ts";
import type { Berth } from "../../support/running-berth.ts";
import type { Arena } from "../arena.ts";
import { reachedIf, type Attack } from "../attack.ts";

/** The change set of an ended turn. */
async function exported(berth: Berth): Promise<ReadonlyMap<string, string>> {
  await berth.guest.quiesce();
  const { written } = await exportChangeSet({ guest: berth.guest, baseTree: [], snapshot: "snapshot" });
  return new Map(written.map((file) => [file.path, Buffer.from(file.content, "base64").toString()]));
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

/** A repository of the agent whose settings name programs for all that git may do in it. */
const bentRepository = (command: string): string => `
  mkdir -p .git/objects .git/refs/heads .git/hooks && echo 'ref: refs/heads/main' >.git/HEAD
  cat >.git/config <<'END'
[core]
	repositoryformatversion = 0
	bare = false
	fsmonitor = ${command}
	hooksPath = .git/hooks
	pager = ${command}
[filter "evil"]
	clean = ${command}
	smudge = ${command}
	required = true
[diff "evil"]
	textconv = ${command}
	command = ${command}
END
  echo '* filter=evil diff=evil' >.gitattributes; echo text >a.txt
  printf '#!/bin/sh\\n${command}\\n' >.git/hooks/pre-commit; chmod +x .git/hooks/*`;

/** Copies the named files of the workspace to the host, as a service does that works on them there. */
async function copyOut(arena: Arena, berth: Berth, names: readonly string[]): Promise<string> {
  const folder = await arena.hostFolder();
  for (const name of names) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), (await berth.sh(`cat ${name}`)).stdout.head);
  }
  return folder;
}

export const exports: readonly Attack[] = [
  {
    id: "exports/artifact-is-no-file",
    title: "What a grader wants to see is a link to a secret, a FIFO or enormous",
    defences: ["change_set_rules"],
    attempt: async (arena) => {
      const flag = arena.flag();
      const base = await arena.planted(`echo ${flag} >/etc/planted`);
      const berth = await arena.sandbox({ base });
      await berth.sh(
        "ln -s /etc/planted result.txt; mkfifo pipe; truncate -s 10G huge; mkdir d; ln -s /etc d/up; echo 1 >honest",
      );
      const crossed = arena.has("change_set_rules")
        ? await exported(berth)
        : new Map([["result.txt", (await berth.sh("cat result.txt")).stdout.head]]);
      const seen = [...crossed].join("; ");
      return reachedIf(seen.includes(flag), seen);
    },
  },
  {
    id: "exports/lying-tools",
    title: "The sandbox's tar, find, git, cp and sh are replaced by liars that run when the workspace is exported",
    defences: ["change_set_rules"],
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      await berth.sh(
        "mkdir bin; for tool in tar find git cp sh ls cat sha256sum; do printf '#!/bin/sh\\necho forged >>/tmp/ran\\n' >bin/$tool; chmod +x bin/$tool; done; echo 1 >honest",
      );
      if (arena.has("change_set_rules")) await exported(berth);
      else
        await berth.run(["/bin/sh", "-c", "find . -type f; tar -cf - ."], {
          env: { PATH: `${arena.workdir}/bin:/usr/bin:/bin` },
        });
      const { stdout } = await berth.sh("/bin/cat /tmp/ran");
      return reachedIf(stdout.head.includes("forged"), stdout.head);
    },
  },
  {
    id: "exports/agent's-git-on-the-host",
    title: "Settings, filters and hooks in the agent's .git name programs for whoever runs git in the tree",
    defences: ["change_set_rules"],
    attempt: async (arena) => {
      const canary = path.join(await arena.hostFolder(), "ran");
      const berth = await arena.sandbox();
      await berth.sh(bentRepository(`touch ${canary}`));
      if (arena.has("change_set_rules")) {
        const crossed = await exported(berth);
        if ([...crossed.keys()].some((name) => name.includes(".git/")))
          return reachedIf(true, [...crossed.keys()].join(" "));
      } else {
        const folder = await copyOut(arena, berth, [".git/HEAD", ".git/config", ".gitattributes", "a.txt"]);
        for (const dir of ["objects", "refs"]) await mkdir(path.join(folder, ".git", dir));
        await execa("git", ["add", "--all"], { cwd: folder, reject: false, timeout: 10_000 });
      }
      const ran = await exists(canary);
      return reachedIf(ran, ran ? "a program of the agent ran on the host" : "nothing ran");
    },
  },
  {
    id: "exports/changed-while-exported",
    title: "Something left behind goes on changing files while they are exported",
    defences: ["change_set_rules"],
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const going = berth.sh("echo 0 >count; n=0; while :; do n=$((n + 1)); echo $n >next; mv next count; done");
      const now = async () => (await berth.guest.read("count")).bytes.toString();
      while ((await now().catch(() => "0\n")) === "0\n");
      const crossed = arena.has("change_set_rules") ? (await exported(berth)).get("count") : await now();
      // What was graded must be what is there when the turn is over; a turn of the loop may take long under gVisor.
      const lookUntil = Date.now() + 1500;
      let after = await now();
      while (after === crossed && Date.now() < lookUntil) after = await now();
      await berth.guest.quiesce();
      await going.catch(() => undefined);
      return reachedIf(crossed !== after, `exported ${crossed}, then ${after}`);
    },
  },
  {
    id: "exports/forged-names",
    title: "A name with a line break in it makes a listing tell of a file that is not there",
    defences: ["change_set_rules"],
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      await berth.sh(
        `d=$(printf 'a\\n.'); mkdir -p "$d/src"; echo x >"$d/src/forged.py"; printf 'x' >"$(printf 'q\\n{"type":"end","count":0}\\n')"; printf x >"$(printf '\\377\\376name')"; printf x >"$(printf 'n%.0s' $(seq 255))"`,
      );
      const names = arena.has("change_set_rules")
        ? [...(await exported(berth)).keys()]
        : (await berth.sh("find . -type f")).stdout.head.split("\n").map((name) => name.replace(/^\.\//, ""));
      return reachedIf(names.includes("src/forged.py"), names.join(" | "));
    },
  },
];
