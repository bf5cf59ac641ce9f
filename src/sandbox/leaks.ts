import { rm } from "node:fs/promises";
import type { SandboxHandle } from "../provider/provider.ts";
import type { Residue } from "../provider/residue.ts";
import { unfinishedStatuses } from "../model/rollout.ts";
import type { SandboxIntent, Store } from "../store/store.ts";
import type { SandboxLauncher } from "./launcher.ts";
import { readPurpose } from "./purpose.ts";

/** Something that exists and should not. */
export interface Leak extends Omit<Residue, "kind"> {
  readonly kind: Residue["kind"] | "sandbox" | "intent" | "work_tree";
}

export interface LeakParts {
  readonly store: Store;
  readonly launcher: SandboxLauncher;
  /** This installation. */
  readonly owner: string;
  /** The other processes that live, as intents name them: what they build, grade and keep ready is theirs. */
  readonly atWork: () => Promise<ReadonlySet<string>>;
  /** Folders of builds whose process is gone. */
  readonly workTrees: () => Promise<readonly string[]>;
}

const MOST_ROLLOUTS = 1_000_000;
const GC = "berth gc";

/** What exists beside what should, by the store and by what the provider has. Looks only. @throws BerthError `provider_unavailable`, `storage_failed` */
export async function findLeaks(parts: LeakParts): Promise<Leak[]> {
  const { store, launcher, owner, atWork, workTrees } = parts;
  // In this order: what is there was intended before, by someone who lived before.
  const handles = await launcher.list();
  const intents = new Map((await store.intents()).map((intent) => [intent.id, intent]));
  const live = await atWork();
  const unfinished = await store.rollouts({ limit: MOST_ROLLOUTS, status: [...unfinishedStatuses] });
  const wanted = new Set(unfinished.map(({ rollout_id }) => rollout_id));
  const isHeld = (id: string): boolean => {
    const by = intents.get(id)?.controller;
    return launcher.cares(id) || (typeof by === "string" && live.has(by));
  };
  const left = handles.filter(({ id, labels }) => {
    const { kind, subject } = readPurpose(labels.purpose);
    return !isHeld(id) && !(kind === "rollout" && wanted.has(subject));
  });
  const there = new Set(handles.map(({ id }) => id));
  const nothing = [...intents.values()].filter(
    ({ id, provider }) => provider === launcher.provider.name && !there.has(id) && !isHeld(id),
  );
  const [sandboxes, residue, trees] = await Promise.all([
    Promise.all(left.map((handle) => leakedSandbox(handle, parts))),
    launcher.provider.residue(owner),
    workTrees(),
  ]);
  // The record of a sandbox comes last: while something of it is there, it is needed.
  return [
    ...sandboxes,
    ...residue,
    ...trees.map((path) => leakedTree(path, owner)),
    ...nothing.map((intent) => leakedIntent(intent, parts)),
  ];
}

async function leakedSandbox(handle: SandboxHandle, { store, launcher, owner }: LeakParts): Promise<Leak> {
  const { kind, subject } = readPurpose(handle.labels.purpose);
  const why = kind === "rollout" ? `its rollout ${subject} has ended` : `whoever asked for it to ${kind} is no more`;
  const [born] = await store.audit.list({ limit: 1, subject: handle.id, action: "created" });
  return {
    kind: "sandbox",
    id: handle.id,
    owner,
    sinceMs: born === undefined ? null : Date.parse(born.at),
    why,
    remedy: GC,
    harmless: false,
    remove: () => launcher.destroy(handle, why),
  };
}

/** Of a start that was cut off before the provider made anything. */
function leakedIntent({ id, purpose, provider, incarnation }: SandboxIntent, { launcher, owner }: LeakParts): Leak {
  const why = "the record of a sandbox that was asked for and is not there";
  const remove = () => launcher.destroy({ id, provider, labels: { owner, purpose, incarnation } }, why);
  return { kind: "intent", id, owner, sinceMs: null, why, remedy: GC, harmless: false, remove };
}

const leakedTree = (path: string, owner: string): Leak => ({
  kind: "work_tree",
  id: path,
  owner,
  sinceMs: null,
  why: "the checkout of a build whose process is gone",
  remedy: GC,
  harmless: false,
  remove: () => rm(path, { recursive: true, force: true }),
});
