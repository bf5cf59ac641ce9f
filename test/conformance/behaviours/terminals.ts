import { expect } from "vitest";
import type { SessionState } from "../../../src/guest/sessions.ts";
import { codeOf, eventually, exited, type Berth } from "../bench.ts";
import type { BehaviourGroup } from "../suite.ts";

const env = { PATH: "/usr/local/bin:/usr/bin:/bin", PS1: "$ ", TERM: "dumb", HISTFILE: "/dev/null" };

/** A shell at a terminal, typed into by one writer and read from its beginning. */
class Terminal {
  readonly #berth: Berth;
  readonly name: string;
  #typed = 0;
  #read = 0;
  text = "";

  private constructor(berth: Berth, name: string) {
    this.#berth = berth;
    this.name = name;
  }

  static async open(berth: Berth, name = "one"): Promise<Terminal> {
    await berth.guest.sessions.open({ name, callId: `open-${name}`, kind: "terminal", argv: ["/bin/sh"], env });
    return new Terminal(berth, name);
  }

  async type(text: string): Promise<void> {
    const from = { writer: "test", offset: this.#typed, waitMs: 10_000 };
    this.#typed = await this.#berth.guest.sessions.input(this.name, Buffer.from(text), from);
  }

  async until(text: string): Promise<void> {
    const read = async () => {
      await this.#page();
      return this.text;
    };
    await eventually(read).toContain(text);
  }

  async untilEnd(): Promise<SessionState> {
    await eventually(() => this.#page()).toBe(true);
    return await this.state();
  }

  state(): Promise<SessionState> {
    return this.#berth.guest.sessions.state(this.name);
  }

  async #page(): Promise<boolean> {
    const wanted = { offset: this.#read, limit: 65_536, waitMs: 2_000 };
    const { bytes, offset, totalBytes, ended } = await this.#berth.guest.sessions.output(this.name, wanted);
    this.text += bytes.toString();
    this.#read = offset + bytes.length;
    return ended && this.#read === totalBytes;
  }
}

export const terminals: BehaviourGroup = {
  group: "Terminals",
  behaviours: [
    {
      title:
        "a shell keeps its directory and its variables between requests, and its exit code is told beside its screen",
      needs: "processes",
      run: async (bench) => {
        await using berth = await bench.berth();
        const terminal = await Terminal.open(berth);
        await terminal.type("cd /usr && kept=yes\n");
        await terminal.type("test -t 0 && test -t 1 && echo a-ter''minal $kept $(id -u) $PWD\n");
        await terminal.until("a-terminal yes 1000 /usr");
        expect(await terminal.state()).toMatchObject({ state: "running", outcome: null, busy: false });
        await terminal.type("exit 7\n");
        expect(await terminal.untilEnd()).toMatchObject({ state: "ended", outcome: exited(7) });
      },
    },
    {
      title: "Ctrl-C reaches the program in front and not the shell behind it",
      needs: "job_control",
      run: async (bench) => {
        await using berth = await bench.berth();
        const terminal = await Terminal.open(berth);
        await terminal.type("echo be''gun; sleep 300 && echo af''ter\n");
        await terminal.until("begun");
        await terminal.type("\u0003");
        await terminal.type("echo still-he''re\n");
        await terminal.until("still-here");
        expect(terminal.text).not.toContain("after");
      },
    },
    {
      title: "which program has a terminal and where it is can be known without its screen being read",
      needs: "job_control",
      run: async (bench) => {
        await using berth = await bench.berth();
        const terminal = await Terminal.open(berth);
        await terminal.type("cd /usr; echo the''re\n");
        await terminal.until("there");
        expect(await terminal.state()).toMatchObject({ foreground: "sh", cwd: "/usr", busy: false });
        await terminal.type("cd /bin && sleep 300\n");
        await eventually(async () => (await terminal.state()).foreground).toBe("sleep");
        expect(await terminal.state()).toMatchObject({ busy: true });
      },
    },
    {
      title:
        "a command that ends kills nothing of a terminal, and a terminal that is closed takes all that was started in it along",
      needs: "processes",
      run: async (bench) => {
        await using berth = await bench.berth();
        const before = (await berth.guest.health()).processes;
        const terminal = await Terminal.open(berth);
        await terminal.type("sleep 300 & (trap '' HUP TERM; sleep 300) & echo beg''un\n");
        await terminal.until("begun");
        expect((await berth.sh("sleep 300 & true")).survivorsKilled).toBe(1);
        expect((await berth.guest.health()).processes).toBeGreaterThanOrEqual(before + 3);
        const closed = await berth.guest.sessions.close(terminal.name);
        expect(closed).toMatchObject({ state: "ended", outcome: { type: "cancelled" } });
        expect((await berth.guest.health()).processes).toBe(before);
        // Again is harmless.
        expect(await berth.guest.sessions.close(terminal.name)).toMatchObject({ state: "ended" });
      },
    },
    {
      title: "the size is what the program is told, then and when it changes",
      needs: "processes",
      run: async (bench) => {
        await using berth = await bench.berth();
        const { sessions } = berth.guest;
        const terminal = await Terminal.open(berth);
        await terminal.type("stty size\n");
        await terminal.until("24 80");
        await sessions.resize(terminal.name, { rows: 50, columns: 132 });
        await terminal.type("stty size\n");
        await terminal.until("50 132");
        expect(await codeOf(sessions.resize(terminal.name, { rows: 0, columns: 80 }))).toBe("invalid_arguments");
      },
    },
    {
      title: "another connection reads on from any byte, and what is typed again is not typed twice",
      needs: "processes",
      run: async (bench) => {
        await using berth = await bench.berth();
        const terminal = await Terminal.open(berth);
        await terminal.type("echo fir''st\n");
        await terminal.until("first");
        await using other = {
          guest: await bench.guestOf(berth.handle),
          [Symbol.asyncDispose]: () => other.guest.close(),
        };
        const { sessions } = other.guest;
        const all = await sessions.output(terminal.name, { offset: 0, limit: 65_536 });
        const rest = await sessions.output(terminal.name, { offset: 5, limit: 65_536 });
        expect(rest.bytes).toEqual(all.bytes.subarray(5));
        const line = Buffer.from("echo x >> lines\n");
        for (const guest of [berth.guest, other.guest]) {
          const from = { writer: "same", offset: 0, waitMs: 5_000 };
          expect(await guest.sessions.input(terminal.name, line, from)).toBe(line.length);
        }
        await terminal.type("echo $(wc -l < lines) li''ne\n");
        await terminal.until("1 line");
      },
    },
    {
      title: "endless output costs no more than what is kept, and input that nobody reads is not taken without end",
      needs: "processes",
      timeoutMs: 60_000,
      run: async (bench) => {
        await using berth = await bench.berth();
        const { sessions } = berth.guest;
        await sessions.open({ name: "endless", callId: "endless", kind: "terminal", argv: ["yes"], env });
        await eventually(async () => (await sessions.state("endless")).firstByte, 30_000).toBeGreaterThan(0);
        const { firstByte, totalBytes } = await sessions.state("endless");
        expect(totalBytes - firstByte).toBeLessThanOrEqual(512 * 1024);
        await sessions.close("endless");
        const deaf = await Terminal.open(berth, "deaf");
        await deaf.type("stty raw -echo; echo rea''dy; sleep 300\n");
        await deaf.until("ready");
        const flood = Buffer.alloc(65_536, "x");
        let taken = 0;
        for (let rounds = 0; rounds < 20; rounds += 1) {
          const now = await sessions.input("deaf", flood, { writer: "flood", offset: taken, waitMs: 100 });
          if (now === taken) break;
          taken = now;
        }
        expect(taken).toBeLessThan(20 * flood.length);
        expect((await berth.sh("echo answers")).stdout.head).toBe("answers\n");
      },
    },
    {
      title: "there are at most 16 at a time, and none outlives its sandbox being made quiet",
      needs: "processes",
      run: async (bench) => {
        await using berth = await bench.berth();
        const { sessions } = berth.guest;
        const open = (name: string) =>
          sessions.open({ name, callId: name, kind: "terminal", argv: ["sleep", "300"], env });
        for (let number = 0; number < 16; number += 1) await open(`t${number}`);
        expect(await codeOf(open("more"))).toBe("session_limit");
        expect(await codeOf(sessions.open({ name: "t1", callId: "x", kind: "terminal", argv: ["true"], env }))).toBe(
          "session_exists",
        );
        expect(await codeOf(sessions.state("none"))).toBe("unknown_session");
        await berth.guest.quiesce();
        await eventually(async () => (await sessions.list()).map(({ state }) => state)).toEqual(
          Array(16).fill("ended"),
        );
      },
    },
    {
      title: "a channel carries bytes both ways, and whoever writes to it faster than it is read waits",
      needs: "processes",
      run: async (bench) => {
        await using berth = await bench.berth();
        const { sessions } = berth.guest;
        const script = `exec 3<&0 </dev/null; read line <&3; echo "$line" >&3; head -c 1500000 /dev/zero >&3`;
        await sessions.open({ name: "c", callId: "c", kind: "channel", argv: ["/bin/sh", "-c", script], env });
        await sessions.input("c", Buffer.from("sent\n"), { writer: "w", offset: 0, waitMs: 5_000 });
        let offset = 0;
        let first = "";
        await eventually(async () => {
          const page = await sessions.output("c", { offset, limit: 262_144, waitMs: 2_000 });
          expect(page.offset).toBe(offset);
          if (offset === 0) first = page.bytes.subarray(0, 5).toString();
          offset += page.bytes.length;
          return page.ended && offset === page.totalBytes;
        }).toBe(true);
        expect([first, offset]).toEqual(["sent\n", 1_500_005]);
      },
    },
  ],
};
