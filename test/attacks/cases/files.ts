import { reachedIf, type Attack } from "../attack.ts";
import { answersWithin, everyRead } from "../file-access.ts";

const patient = { timeoutMs: 6_000 };
const seconds = 5;

export const files: readonly Attack[] = [
  {
    id: "files/root's-in-the-workspace",
    title: "Files of root that nobody else may read, one by a second name, are read through the tools",
    defences: ["file_identity"],
    attempt: async (arena) => {
      const flag = arena.flag();
      const base = await arena.planted(
        `umask 077; echo ${flag} >/etc/planted; ln /etc/planted ${arena.workdir}/again; echo ${flag} >${arena.workdir}/closed; mkdir ${arena.workdir}/room; echo ${flag} >${arena.workdir}/room/note`,
      );
      const { guest } = await arena.sandbox({ base });
      let seen = "";
      for (const path of ["again", "closed", "room", "room/note"]) seen += await everyRead(guest, path);
      return reachedIf(seen.includes(flag), seen);
    },
  },
  {
    id: "files/root's-changed",
    title: "The tools write and remove what only root may change",
    defences: ["file_identity"],
    attempt: async (arena) => {
      const base = await arena.planted(
        `mkdir -m 755 ${arena.workdir}/room; cd ${arena.workdir}/room; echo untouched >a; echo untouched >b`,
      );
      const berth = await arena.sandbox({ base });
      const { guest } = berth;
      await guest.write("room/a", Buffer.from("changed")).catch(() => undefined);
      await guest.remove("room/b").catch(() => undefined);
      const { stdout } = await berth.sh("cat room/a room/b");
      return reachedIf(stdout.head !== "untouched\nuntouched\n", stdout.head);
    },
  },
  {
    id: "files/pipe-that-never-answers",
    title: "A tool that reads a FIFO waits for ever",
    defences: ["regular_files"],
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const { guest } = berth;
      await berth.sh(
        "mkfifo pipe; ln -s pipe report.txt; perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => \"socket\", Listen => 1)'",
      );
      const late: string[] = [];
      for (const path of ["pipe", "report.txt", "socket"]) {
        if (!(await answersWithin(seconds, () => guest.lines(path, { start: 1, count: 1, maxBytes: 100 }, patient))))
          late.push(path);
        if (late.length > 0) break;
        if (!(await answersWithin(seconds, () => guest.read(path, {}, patient)))) late.push(path);
        if (!(await answersWithin(seconds, () => guest.write(path, Buffer.from("x"), {}, patient)))) late.push(path);
      }
      if (late.length === 0 && !(await answersWithin(seconds, () => everyRead(guest, "")))) late.push("the workspace");
      return reachedIf(late.length > 0, `no answer for ${late.join(", ") || "none"}`);
    },
  },
  {
    id: "files/device-nodes",
    title: "A device that never ends is read through the tools",
    defences: ["regular_files"],
    notApplicable: (backend) =>
      backend.startsWith("oci")
        ? "the sandbox's root is mounted nodev, so that no device node in it opens for anyone"
        : undefined,
    attempt: async (arena) => {
      const base = await arena.planted(
        `mknod -m 666 ${arena.workdir}/zero c 1 5; mknod -m 666 ${arena.workdir}/full c 1 7`,
      );
      const { guest } = await arena.sandbox({ base });
      const told = await guest.read("zero", { limit: 4_096 }, patient).then(
        ({ bytes }) => bytes.length,
        () => 0,
      );
      return reachedIf(told > 0, `${told} bytes`);
    },
  },
  {
    id: "files/enormous",
    title: "A sparse file of 10 GiB keeps the tools and the export busy",
    defences: ["file_bounds"],
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const { guest } = berth;
      await berth.sh("head -c 20000 /dev/zero | tr '\\0' 'a' >big; truncate -s 10G big");
      const answered = await Promise.all([
        answersWithin(seconds, () => guest.lines("big", { start: 1, count: 10, maxBytes: 1_000 }, patient)),
        answersWithin(seconds, () => guest.read("big", { limit: 1_000 }, patient)),
        answersWithin(seconds, () =>
          guest.tree({ exclude: [], maxEntries: 100, maxFileBytes: 64 * 1024 ** 2 }, patient),
        ),
      ]);
      return reachedIf(answered.includes(false), `answered: ${answered.join(", ")}`);
    },
  },
  {
    id: "files/growing-while-read",
    title: "A file grows as fast as it is read, so that its end is never reached",
    defences: ["file_bounds"],
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const { guest } = berth;
      await berth.sh("head -c 20000 /dev/zero | tr '\\0' 'a' >log");
      // A hole grows faster than any reader.
      const growing = berth.sh(
        'perl -e \'open F, "+<", "log"; for ($n = 1 << 27; $n < 1 << 37; $n += 1 << 27) { truncate F, $n; select undef, undef, undef, 0.01; }\'',
        { timeoutMs: 7_000 },
      );
      while ((await guest.stat("log", patient)).size < 1e9);
      const answered = await answersWithin(seconds, async () => {
        await guest.lines("log", { start: 1, count: 10, maxBytes: 1_000 }, patient);
        await guest.tree({ exclude: [], maxEntries: 100, maxFileBytes: 64 * 1024 ** 2 }, patient);
      });
      await berth.sh("true");
      await guest.quiesce();
      await growing.catch(() => undefined);
      return reachedIf(!answered, `answered: ${answered}`);
    },
  },
  {
    id: "files/crowded-and-deep",
    title: "A folder of 15,000 files beside a tree of 2,000 levels makes the guest say more than the controller takes",
    defences: ["file_bounds"],
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const { guest } = berth;
      const { outcome } = await berth.sh(
        'mkdir crowd; perl -e \'for (1 .. 15000) { open F, ">crowd/$_"; } for (1 .. 2000) { mkdir "d"; chdir "d"; }\'',
      );
      const told: string[] = [];
      for (const ask of [
        () => guest.list("", { depth: 1_000, limit: 1_000 }, patient),
        () => guest.glob({ pattern: "**/9*", limit: 100 }, patient),
        () => guest.grep({ pattern: "flag", maxMatches: 10, maxBytes: 1_000, timeoutMs: 3_000 }, patient),
      ])
        told.push(
          await ask().then(
            () => "answered",
            (error: unknown) => ((error as { causedBy?: string }).causedBy === "policy" ? "answered" : String(error)),
          ),
        );
      return reachedIf(
        outcome.type !== "exited" || told.some((one) => one !== "answered"),
        `${JSON.stringify(outcome)} ${told.join(", ")}`,
      );
    },
  },
];
