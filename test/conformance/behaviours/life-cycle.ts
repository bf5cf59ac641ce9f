import { expect } from "vitest";
import { connectGuest } from "../../../src/guest/connect-guest.ts";
import { capabilityNames } from "../../../src/provider/provider.ts";
import { codeOf, eventually, exited } from "../bench.ts";
import type { BehaviourGroup } from "../suite.ts";

export const lifeCycle: BehaviourGroup = {
  group: "Life cycle",
  behaviours: [
    {
      title: "a created sandbox runs, and its guest shakes hands as the profile says",
      run: async (bench) => {
        await using berth = await bench.berth();
        const { protocol, root, toolUid, toolGid } = berth.guest.handshake;
        expect({ protocol, root, uid: toolUid, gid: toolGid }).toEqual({
          protocol: 1,
          root: bench.workdir,
          ...bench.profiles.standard.user,
        });
        expect((await bench.provider.inspect(berth.handle)).status).toBe("running");
        expect(await berth.guest.health()).toMatchObject({ bootId: berth.guest.handshake.bootId, processes: 0 });
      },
    },
    {
      title: "creating twice with one id gives the one sandbox, also at the same time",
      run: async (bench) => {
        await using berth = await bench.berth();
        const spec = await bench.spec({ id: berth.handle.id });
        const again = await Promise.all([bench.provider.create(spec), bench.provider.create(spec)]);
        for (const handle of again) {
          const guest = await bench.guestOf(handle);
          expect(guest.handshake.bootId).toBe(berth.guest.handshake.bootId);
          await guest.close();
        }
        expect(await bench.provider.list(bench.owner)).toHaveLength(1);
      },
    },
    {
      title: "a sandbox that was given another purpose after its start is found, reached and destroyed under that",
      run: async (bench) => {
        await using berth = await bench.berth();
        const labels = { ...berth.handle.labels, purpose: "another" };
        const handle = { ...berth.handle, labels };
        expect((await bench.provider.inspect(handle)).status).toBe("running");
        await (await bench.guestOf(handle)).close();
        await bench.provider.destroy(handle);
        expect(await bench.provider.list(bench.owner)).toEqual([]);
      },
    },
    {
      title: "a create that fails leaves nothing",
      run: async (bench) => {
        const spec = await bench.spec({ base: { kind: "snapshot", key: bench.newKey() } });
        expect(await codeOf(bench.provider.create(spec))).toBe("sandbox_create_failed");
        expect(await bench.provider.list(bench.owner)).toEqual([]);
        const handle = { id: spec.id, provider: bench.provider.name, labels: spec.labels };
        expect(await bench.provider.inspect(handle)).toEqual({ status: "gone" });
      },
    },
    {
      title: "a create that is called off leaves nothing",
      run: async (bench) => {
        const spec = await bench.spec();
        const signal = AbortSignal.abort(new Error("called off"));
        await expect(bench.provider.create(spec, { signal })).rejects.toBeInstanceOf(Error);
        expect(await bench.provider.list(bench.owner)).toEqual([]);
      },
    },
    {
      title:
        "a spec that asks for more than the provider can enforce is refused, and each missing ability has its reason",
      run: async (bench) => {
        const { has, gaps } = bench.capabilities;
        for (const name of capabilityNames)
          expect(has.has(name), `${name}: offered or explained`).toBe(gaps[name] === undefined);
        const asks = {
          runtime_runsc: { profile: { ...bench.profiles.standard, runtime: "runsc" as const } },
          disk_quota: { resources: { disk_mb: 64 } },
          user_namespace: { profile: { ...bench.profiles.standard, user_namespace: "required" as const } },
        };
        for (const [name, options] of Object.entries(asks)) {
          if (has.has(name as keyof typeof asks)) continue;
          expect(await codeOf(bench.provider.create(await bench.spec(options))), name).toBe("capability_missing");
        }
      },
    },
    {
      title:
        "a guest refuses a controller that was replaced, and what that one still ran is over before its successor is answered",
      run: async (bench) => {
        await using berth = await bench.berth();
        const speaking = (epoch: number | undefined) =>
          connectGuest({
            open: ({ signal }) => bench.provider.connect(berth.handle, { signal }),
            epoch: () => epoch,
          });
        const paused = await speaking(1);
        const ran = paused
          .exec({
            callId: "of-the-replaced",
            argv: ["sh", "-c", "echo began > began; sleep 30; echo late > late"],
            env: { PATH: "/usr/bin:/bin" },
            timeoutMs: 60_000,
            headBytes: 100,
            tailBytes: 100,
          })
          .then(
            ({ outcome }) => outcome.type,
            (thrown: unknown) => (thrown as { code?: string }).code,
          );
        await eventually(() => codeOf(paused.stat("began"))).toBe("accepted");
        const successor = await speaking(2);
        expect((await successor.health()).processes).toBe(0);
        expect(await ran).toMatch(/^(?:lost|cancelled|fenced|outcome_unknown)$/);
        expect(await codeOf(paused.write("late", Buffer.from("late")))).toBe("fenced");
        expect(await codeOf(paused.prolong(1_000))).toBe("fenced");
        expect(await codeOf(speaking(1))).toBe("fenced");
        expect(await codeOf(speaking(undefined))).toBe("fenced");
        expect(await codeOf(successor.stat("late"))).toBe("file_not_found");
        await Promise.all([paused.close(), successor.close()]);
      },
    },
    {
      title: "a sandbox lives past its expiry as long as somebody prolongs it, and ends when nobody does",
      timeoutMs: 60_000,
      run: async (bench) => {
        await using kept = await bench.created({ lifetimeMs: 4_000 });
        const guest = await bench.guestOf(kept.handle);
        await guest.prolong(600_000);
        await using left = await bench.created({ lifetimeMs: 4_000 });
        await eventually(async () => (await bench.provider.inspect(left.handle)).status, 30_000).not.toBe("running");
        expect((await guest.health()).bootId).toBe(guest.handshake.bootId);
        expect((await bench.provider.inspect(kept.handle)).status).toBe("running");
        await guest.close();
      },
    },
    {
      title: "list shows the sandboxes of one owner, with their labels, and no others",
      run: async (bench) => {
        await using ours = await bench.created();
        await using theirs = await bench.created({ owner: `${bench.owner}-2` });
        expect(await bench.provider.list(bench.owner)).toEqual([ours.handle]);
        expect(await bench.provider.list(`${bench.owner}-2`)).toEqual([theirs.handle]);
        expect(ours.handle).toEqual({ id: ours.spec.id, provider: bench.provider.name, labels: ours.spec.labels });
      },
    },
    {
      title: "destroy is idempotent, and afterwards the sandbox is gone",
      run: async (bench) => {
        await using berth = await bench.berth();
        await bench.provider.destroy(berth.handle);
        await bench.provider.destroy(berth.handle);
        expect(await bench.provider.inspect(berth.handle)).toEqual({ status: "gone" });
        expect(await bench.provider.list(bench.owner)).toEqual([]);
        expect(await codeOf(bench.provider.connect(berth.handle))).toBe("sandbox_lost");
      },
    },
    {
      title: "a command that runs while its sandbox is destroyed ends as lost, at once",
      run: async (bench) => {
        await using berth = await bench.berth();
        const running = codeOf(berth.sh("sleep 600", { timeoutMs: 600_000 }));
        await eventually(() => berth.guest.health().then(({ processes }) => processes)).toBeGreaterThan(0);
        await bench.provider.destroy(berth.handle);
        expect(await running).toBe("sandbox_lost");
      },
    },
    {
      title: "a sandbox ends itself when its time is up, whoever has forgotten it, and is still listed",
      run: async (bench) => {
        await using short = await bench.created({ lifetimeMs: 1_500 });
        await eventually(() => bench.provider.inspect(short.handle).then(({ status }) => status)).toBe("exited");
        expect(await codeOf(bench.provider.connect(short.handle))).toBe("sandbox_lost");
        expect(await bench.provider.list(bench.owner)).toEqual([short.handle]);
      },
    },
    {
      title: "the same boot answers on every stream, and any number may be open",
      run: async (bench) => {
        await using berth = await bench.berth();
        const open = () => connectGuest({ open: () => bench.provider.connect(berth.handle) });
        const guests = await Promise.all(Array.from({ length: 6 }, open));
        for (const guest of guests) expect(guest.handshake.bootId).toBe(berth.guest.handshake.bootId);
        const said = await Promise.all(guests.map((guest) => guest.write("x", Buffer.from("x"))));
        expect(said).toHaveLength(6);
        await Promise.all(guests.map((guest) => guest.close()));
        expect((await berth.sh("true")).outcome).toEqual(exited(0));
      },
    },
    {
      title: "two sandboxes have two boots and share no file",
      run: async (bench) => {
        await using one = await bench.berth();
        await using two = await bench.berth();
        expect(one.guest.handshake.bootId).not.toBe(two.guest.handshake.bootId);
        await one.guest.write("a", Buffer.from("one"));
        expect(await codeOf(two.guest.stat("a"))).toBe("file_not_found");
      },
    },
    {
      title: "after the controller restarts, its sandboxes run on, are listed and can be reached",
      run: async (bench) => {
        await using berth = await bench.berth();
        await berth.guest.write("kept", Buffer.from("kept"));
        await bench.restart();
        expect(await bench.provider.list(bench.owner)).toEqual([berth.handle]);
        expect((await bench.provider.inspect(berth.handle)).status).toBe("running");
        const guest = await bench.guestOf(berth.handle);
        expect(guest.handshake.bootId).toBe(berth.guest.handshake.bootId);
        expect((await guest.read("kept")).bytes.toString()).toBe("kept");
        await guest.close();
      },
    },
  ],
};
