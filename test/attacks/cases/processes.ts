import { reachedIf, type Attack } from "../attack.ts";
import { perl } from "../perl.ts";
import { heart, livesOn, startsBeating } from "../survivor.ts";

/** What processes of one sandbox do to the guest, to grading and to calls beside and after theirs. */
export const processes: readonly Attack[] = [
  {
    id: "processes/tracer-of-another-call",
    title: "A call traces a child of a call beside it and holds it at its exit",
    defences: ["kill_tree"],
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const traced = perl(
        berth,
        `${heart} my $child = fork; unless ($child) { POSIX::setsid(); beat() } beating();
         open my $f, ">", "pid.new"; print $f $child; close $f; rename "pid.new", "pid"; pause(0.005) until -e "traced"; exit 0;`,
      );
      const tracer = perl(
        berth,
        `pause(0.005) until -s "pid"; open my $f, "<", "pid"; my $pid = <$f> + 0;
         my $seized = sys("ptrace", 0x4206, $pid, 0, 0x40); open my $t, ">", "traced"; print $t $seized; close $t; stay();`,
        { callId: "tracer" },
      ).catch(() => undefined);
      const { outcome, durationMs } = await traced;
      const seized = await berth.guest.read("traced");
      await berth.guest.cancel("tracer");
      await tracer;
      const { reached, seen } = await livesOn(berth);
      return reachedIf(reached, `${outcome.type} after ${durationMs} ms, seized ${seized.bytes.toString()}; ${seen}`);
    },
  },
  {
    id: "processes/watcher-until-grading",
    title: "A watcher that runs when the turn ends puts its own result over the graded one",
    defences: ["kill_tree"],
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const flag = arena.flag();
      const turn = perl(
        berth,
        `${heart} unless (fork) { POSIX::setsid(); POSIX::_exit(0) if fork; beat() unless fork;
         while (1) { if (open my $f, "+<", "result") { my $text = <$f> // ""; if ($text ne "${flag}") { truncate $f, 0; seek $f, 0, 0; print $f "${flag}" } } pause(0.002) } }
         stay();`,
        { timeoutMs: 60_000 },
      ).catch(() => undefined);
      await startsBeating(berth);
      await berth.guest.quiesce();
      await berth.guest.write("result", Buffer.from("honest"));
      const { reached, seen } = await livesOn(berth);
      const { bytes } = await berth.guest.read("result");
      await berth.guest.close();
      await turn;
      return reachedIf(reached || bytes.includes(flag), `${bytes.toString()}; ${seen}`);
    },
  },
  {
    id: "processes/zombie-farm",
    title: "A daemon keeps dead children that nobody waits for, until nothing more can be started",
    defences: ["kill_tree"],
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      await perl(
        berth,
        `unless (fork) { POSIX::setsid(); my $n = 0; while (defined(my $child = fork)) { POSIX::_exit(0) unless $child; last if ++$n > 1000 }
         open my $f, ">", "full"; print $f $n; close $f; stay() } pause(0.005) until -s "full"; exit 0;`,
      );
      const full = (await berth.guest.read("full")).bytes.toString();
      const { outcome } = await berth.sh("true; true | true");
      const { processes: left } = await berth.guest.health();
      const works = outcome.type === "exited" && outcome.code === 0;
      return reachedIf(!works || left > 0, `${full} dead children; then ${JSON.stringify(outcome)}, ${left} processes`);
    },
  },
  {
    id: "processes/signal-the-guest",
    title: "A tool sends every signal to init and to everything else",
    defences: ["tool_user"],
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const beside = berth.sh("echo . > beat; sleep 60", { timeoutMs: 60_000 }).then(
        ({ outcome }) => outcome.type,
        () => "nothing",
      );
      await startsBeating(berth);
      await perl(berth, `for my $n (1..64) { next if $n == 18; kill $n, 1; kill $n, -1 } print "done"`).catch(() => {});
      const answered = await beside;
      const bootId = await berth.guest.health().then(
        (health) => health.bootId,
        () => "gone",
      );
      const lives = bootId === berth.guest.handshake.bootId;
      return reachedIf(
        !lives || answered !== "signaled",
        `the guest is ${lives ? "alive" : bootId}; beside: ${answered}`,
      );
    },
  },
];
