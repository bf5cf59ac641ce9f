import { BerthError } from "../../../src/core/errors.ts";
import type { Arena } from "../arena.ts";
import { reachedIf, type Attack, type Reached } from "../attack.ts";
import { limited } from "../limits.ts";
import { perl } from "../perl.ts";

const megabyte = 2 ** 20;
const quota = { disk_mb: 32 } as const;
const goalMb = 64;

/** Runs a script that prints how many MiB it has on the disk at last; the guest must answer afterwards. */
async function fills(arena: Arena, script: string, goal = goalMb): Promise<Reached> {
  const berth = await limited(arena, quota);
  const { stdout, outcome, stderr } = await perl(berth, `my $goal = ${goal}; my $sum = 0; ${script}; print $sum`);
  const { processes } = await berth.guest.health();
  return reachedIf(
    !(Number(stdout.head) < goal) || processes > 0,
    `${stdout.head} MiB; ${outcome.type}; ${stderr.head}`,
  );
}

const fill = (name: string, title: string, script: string): Attack => ({
  id: `disk/${name}`,
  title,
  defences: ["disk_quota"],
  attempt: (arena) => fills(arena, script),
});

/** Everything that takes room on the disk. */
export const disk: readonly Attack[] = [
  fill(
    "files-everywhere",
    "Files are filled in every folder that can be written, until none takes any more",
    `my $noise = noise(1 << 20); my $n = 0; for my $dir (qw(/workspace /tmp /var/tmp /home/agent /run /run/lock /var/lock /run/berth /)) {
     while ($sum < $goal && open my $f, ">", "$dir/fill" . $n++) { my $wrote = syswrite $f, $noise; last unless $wrote; $sum += $wrote / (1 << 20) } }`,
  ),
  fill(
    "deleted-files",
    "Files that have no name any more are filled",
    `my $noise = noise(1 << 20); my @held; FILE: while ($sum < $goal && open my $f, ">", "x") { unlink "x"; push @held, $f; for (1..8) { my $wrote = syswrite $f, $noise; last FILE unless $wrote; $sum += $wrote / (1 << 20) } }`,
  ),
  fill(
    "reserved-space",
    "Space is reserved without anything being written",
    `my $n = 0; for my $size (64, 16, 4, 1) { system("fallocate -l \${size}M reserved-$size 2>/dev/null"); $sum += (stat "reserved-$size")[12] / 2048 }`,
  ),
  {
    ...fill("names", "Folders are filled with long names of one and the same file", ""),
    controlUnderRunc: "a hundred thousand links through gVisor's file server take minutes",
    attempt: (arena) =>
      fills(
        arena,
        `for my $dir (0..20) { mkdir "d$dir" and open my $f, ">", "d$dir/file" or last; close $f; my $n = 0; my $name = "n" x 240;
         1 while ++$n < 20_000 && link "d$dir/file", "d$dir/$name$n"; $sum += (stat "d$dir")[12] / 2048; last if $sum > $goal }`,
        36,
      ),
  },
  {
    id: "disk/file-tools",
    title: "The guest itself is made to write more than the disk may hold",
    defences: ["disk_quota"],
    attempt: async (arena) => {
      const berth = await limited(arena, quota);
      const chunk = Buffer.alloc(8 * megabyte, "x");
      let written = 0;
      try {
        for (; written < goalMb; written += 8) await berth.guest.write(`file-${written}`, chunk);
      } catch (error) {
        if (!(error instanceof BerthError && error.code === "no_space")) throw error;
      }
      await berth.guest.health();
      return reachedIf(written >= goalMb, `${written} MiB`);
    },
  },
  {
    id: "disk/output",
    title: "Output that the guest keeps for paging is more than the disk may hold",
    defences: ["disk_quota"],
    notApplicable: (backend) =>
      backend.startsWith("docker")
        ? "Docker keeps it in a volume of the sandbox's own, which the guest bounds to 256 MiB"
        : undefined,
    attempt: async (arena) => {
      const berth = await limited(arena, quota);
      let kept = 0;
      for (let call = 0; call < 4; call++) {
        const callId = `flood-${call}`;
        await perl(berth, `my $chunk = "x" x (1 << 20); for (1..12) { print STDOUT $chunk; print STDERR $chunk }`, {
          callId,
        });
        for (const stream of ["stdout", "stderr"] as const)
          kept += (await berth.guest.output(callId, stream, { offset: 0, limit: 1 })).spooledBytes / megabyte;
      }
      const { stdout } = await berth.sh("echo after");
      return reachedIf(kept >= goalMb || stdout.head !== "after\n", `${Math.round(kept)} MiB kept`);
    },
  },
  {
    id: "disk/inodes",
    title: "Files, folders, links and pipes without content use up what the disk can name",
    defences: ["inode_quota"],
    attempt: async (arena) => {
      const berth = await limited(arena, { ...quota, inodes: 1024 });
      const { stdout } = await perl(
        berth,
        `my $n = 0; mkdir "many"; mkdir "/tmp/many"; for my $dir ("many", "/tmp/many") { while ($n < 4000) { my $name = "$dir/$n"; my $done = $n % 4 == 0 ? mkdir $name : $n % 4 == 1 ? symlink "x" x 100, $name : $n % 4 == 2 ? POSIX::mkfifo($name, 0600) : sysopen my $f, $name, O_CREAT | O_WRONLY; last unless $done; $n++ } } print $n`,
      );
      await berth.guest.health();
      return reachedIf(!(Number(stdout.head) < 2000), `${stdout.head} names`);
    },
  },
];
