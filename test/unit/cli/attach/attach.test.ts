import { expect, test } from "vitest";
import { attach, type AttachOptions } from "../../../../src/cli/attach/attach.ts";
import type { Screen } from "../../../../src/cli/attach/screen.ts";
import { BerthFailure, ControllerUnreachable } from "../../../../src/client/failure.ts";
import type { TerminalInput, TerminalReport } from "../../../../src/model/terminal.ts";

/** A terminal that keeps what is typed, and a way to it that is cut after every answer that is named. */
class CutTerminal {
  readonly written: Buffer[] = [Buffer.from("$ ")];
  readonly sizes: unknown[] = [];
  typed = "";
  ended = false;
  #changed = Promise.withResolvers<void>();
  /** How many of the next answers are lost on their way. */
  lost = 0;

  write(text: string): void {
    this.written.push(Buffer.from(text));
    this.#tell();
  }

  end(): void {
    this.ended = true;
    this.#tell();
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  #answer<T>(value: T): T {
    if (this.lost === 0) return value;
    this.lost -= 1;
    throw new ControllerUnreachable("http://here", "the connection was cut", undefined);
  }

  client(): AttachOptions["terminal"] {
    const all = () => Buffer.concat(this.written);
    const report = (): TerminalReport => ({
      name: "t",
      state: this.ended ? "ended" : "running",
      outcome: this.ended ? { type: "exited", code: 3 } : null,
      foreground: "",
      cwd: "",
      rows: 24,
      columns: 80,
      first_byte: 0,
      total_bytes: all().length,
    });
    return {
      state: async () => this.#answer(report()),
      read: async ({ offset }) => {
        while (offset >= all().length && !this.ended) await this.#changed.promise;
        const data = all().subarray(offset).toString("base64");
        return this.#answer({ offset, data, total_bytes: all().length, ended: this.ended });
      },
      type: async ({ offset, data }: TerminalInput) => {
        this.typed += Buffer.from(data, "base64")
          .subarray(this.typed.length - offset)
          .toString();
        if (this.typed.endsWith("exit\n")) this.end();
        return this.#answer(this.typed.length);
      },
      resize: async (size) => void this.sizes.push(size),
    };
  }
}

class FakeScreen implements Screen {
  readonly #keys = new TransformStream<Uint8Array, Uint8Array>();
  readonly #writer = this.#keys.writable.getWriter();
  shown = "";
  isRaw = false;
  resized: () => void = () => {};
  readonly typed = this.#keys.readable;

  press(text: string): void {
    void this.#writer.write(Buffer.from(text)).catch(() => undefined);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.shown += Buffer.from(bytes).toString();
  }

  size() {
    return { rows: 50, columns: 132 };
  }

  onResize(listener: () => void): Disposable {
    this.resized = listener;
    return { [Symbol.dispose]: () => (this.resized = () => {}) };
  }

  raw(): Disposable {
    this.isRaw = true;
    return { [Symbol.dispose]: () => (this.isRaw = false) };
  }
}

function attached(change: Partial<AttachOptions> = {}) {
  const terminal = new CutTerminal();
  const screen = new FakeScreen();
  const notes: string[] = [];
  const end = attach({
    terminal: terminal.client(),
    writer: "w",
    screen,
    patienceMs: 20_000,
    onNote: (note) => void notes.push(note),
    ...change,
  });
  return { terminal, screen, notes, end };
}

test("keys go in, output comes out, and the end of the program is the end", async () => {
  const { terminal, screen, end } = attached();
  screen.press("ls\n");
  await expect.poll(() => terminal.typed).toBe("ls\n");
  terminal.write("a b\n");
  screen.press("exit\n");
  expect(await end).toMatchObject({ state: "ended", outcome: { code: 3 } });
  expect([screen.shown, screen.isRaw]).toEqual(["$ a b\n", false]);
});

test("the detach key leaves the terminal as it is; what was pressed before it is still typed, what comes after is not", async () => {
  const { terminal, screen, end } = attached();
  screen.press("before\u001dafter");
  expect(await end).toBe("detached");
  expect([terminal.typed, terminal.ended, screen.isRaw]).toEqual(["before", false, false]);
});

test("answers that are lost lose no output, and type nothing twice", async () => {
  const { terminal, screen, notes, end } = attached();
  await expect.poll(() => screen.shown).toBe("$ ");
  terminal.lost = 3;
  screen.press("make\n");
  await expect.poll(() => notes).toContain("connected again");
  terminal.write("done\n");
  await expect.poll(() => screen.shown).toBe("$ done\n");
  screen.press("exit\n");
  await end;
  expect(terminal.typed).toBe("make\nexit\n");
  expect(notes[0]).toBe("the connection is lost; trying again");
});

test("patience ends, and a refusal is not waited for", async () => {
  const impatient = attached({ patienceMs: 0 });
  await expect.poll(() => impatient.screen.shown).toBe("$ ");
  impatient.terminal.lost = Number.POSITIVE_INFINITY;
  impatient.terminal.write("x");
  await expect(impatient.end).rejects.toThrow("cannot be reached");
  const gone = new CutTerminal().client();
  const closed = { code: "rollout_closed", causedBy: "caller", remedy: "", retryable: false } as const;
  const terminal = { ...gone, state: () => Promise.reject(new BerthFailure("It is closed.", closed)) };
  await expect(attached({ terminal }).end).rejects.toThrow("It is closed.");
});

test("the terminal has the screen's size from the beginning, and whenever that changes", async () => {
  const { terminal, screen, end } = attached();
  await expect.poll(() => terminal.sizes).toEqual([{ rows: 50, columns: 132 }]);
  screen.resized();
  await expect.poll(() => terminal.sizes).toHaveLength(2);
  screen.press("\u001d");
  await end;
});
