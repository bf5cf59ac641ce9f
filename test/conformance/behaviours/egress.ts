import { expect, vi } from "vitest";
import type { Guest } from "../../../src/guest/guest.ts";
import { exited, type Bench, type Berth } from "../bench.ts";
import type { Behaviour, BehaviourGroup } from "../suite.ts";

const port = 3128;

const carried = (title: string, run: (berth: Berth) => Promise<void>): Behaviour => ({
  title,
  needs: "processes",
  run: async (bench: Bench) => {
    await using berth = await bench.berth({ profile: { ...bench.profiles.standard, network: "egress" } });
    await run(berth);
  },
});

/** A script of bash with a connection to the port as descriptor 3. */
const connected = (script: string): readonly string[] => [
  "bash",
  "-c",
  `exec 3<>/dev/tcp/127.0.0.1/${port} && { ${script}; }`,
];

/** Answers the next connection with what it says, in capitals. */
async function answerOne(guest: Guest): Promise<string> {
  const connection = await guest.acceptEgress(AbortSignal.timeout(20_000));
  const said: Buffer[] = [];
  for await (const chunk of connection.iterator({ destroyOnReturn: false })) {
    said.push(chunk as Buffer);
    if (Buffer.concat(said).includes("\n")) break;
  }
  const text = Buffer.concat(said).toString();
  connection.resume().end(text.toUpperCase());
  return text;
}

export const egress: BehaviourGroup = {
  group: "Egress",
  behaviours: [
    carried("nothing listens until it is asked for", async (berth) => {
      const { outcome } = await berth.run(connected("true"));
      expect(outcome).not.toEqual(exited(0));
    }),
    carried("connections of tools are carried to the controller, both ways and several at a time", async (berth) => {
      const { guest } = berth;
      await guest.listenEgress({ port, maxConnections: 8 });
      const answers = Promise.all(Array.from({ length: 4 }, () => answerOne(guest)));
      const asked = await Promise.all(
        ["a", "b", "c", "d"].map((word) => berth.run(connected(`echo ${word} >&3; cat <&3`))),
      );
      expect(asked.map(({ stdout }) => stdout.head)).toEqual(["A\n", "B\n", "C\n", "D\n"]);
      expect((await answers).toSorted()).toEqual(["a\n", "b\n", "c\n", "d\n"]);
    }),
    carried("a tool that does not read holds up no command", async (berth) => {
      const { guest } = berth;
      await guest.listenEgress({ port, maxConnections: 8 });
      const script = ["4", "5", "6"].map((fd) => `exec ${fd}<>/dev/tcp/127.0.0.1/${port}`).join("; ");
      const stuck = berth.run(connected(`${script}; sleep 600`)).catch(() => undefined);
      const connections = await Promise.all(
        Array.from({ length: 4 }, () => guest.acceptEgress(AbortSignal.timeout(20_000))),
      );
      for (const connection of connections) {
        connection.on("error", () => {});
        for (let mebibytes = 0; mebibytes < 8; mebibytes++) connection.write(Buffer.alloc(1024 * 1024));
      }
      // What the tool does not read has filled every buffer on the way by now.
      await vi.waitFor(
        async () => {
          const before = connections.map(({ writableLength }) => writableLength);
          await berth.sh("sleep 0.2");
          expect(connections.map(({ writableLength }) => writableLength)).toEqual(before);
        },
        { timeout: 15_000 },
      );
      const { stdout } = await berth.sh("wc -c", { stdin: "x".repeat(900_000) });
      expect(stdout.head.trim()).toBe("900000");
      for (const connection of connections) connection.destroy();
      await guest.quiesce();
      await stuck;
    }),
    carried("a connection beyond the limit is refused, and quiescing ends the port", async (berth) => {
      const { guest } = berth;
      await guest.listenEgress({ port, maxConnections: 1 });
      const held = berth.run(connected("sleep 600")).catch(() => undefined);
      const connection = await guest.acceptEgress(AbortSignal.timeout(20_000));
      connection.on("error", () => {}).resume();
      const beyond = await berth.run(connected("echo x >&3; cat <&3"));
      expect(beyond.stdout.head).toBe("");
      expect(beyond.outcome).toMatchObject({ type: "exited" });
      await guest.quiesce();
      await held;
      await vi.waitFor(() => expect(connection.destroyed).toBe(true), { timeout: 10_000 });
      expect((await berth.run(connected("true"))).outcome).not.toEqual(exited(0));
    }),
  ],
};
