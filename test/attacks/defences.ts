import type { Profile } from "../../src/model/profile.ts";
import type { Resources } from "../../src/model/resources.ts";

/** The guest's own defences, as `guest/internal/defence` names them. */
export const guestDefences = [
  "kill_tree",
  "beneath_root",
  "regular_files",
  "file_bounds",
  "file_identity",
  "output_caps",
  "no_new_privileges",
  "not_dumpable",
  "socket_gate",
  "restricted_mounts",
] as const;
export type GuestDefence = (typeof guestDefences)[number];

/** How a sandbox of the arena is made. */
export interface Setup {
  profile: Profile;
  resources: Resources;
  /** Commands run as the sandbox's root. */
  root: boolean;
  /** Left out of the guest's build. */
  readonly guestWithout: Set<GuestDefence>;
}

/** How many times as much a sandbox gets whose limit is taken away: bounded still, for the machine's sake. */
const ABUNDANCE = 8;

/** Open files without the limit: still fewer than what a machine gives to the engine itself. */
const A_FEW_FILES = 2_000;

/** Capabilities that together are root on the host's kernel. */
const powerful = [
  "CAP_SYS_ADMIN",
  "CAP_SYS_PTRACE",
  "CAP_NET_ADMIN",
  "CAP_NET_RAW",
  "CAP_MKNOD",
  "CAP_SYS_CHROOT",
  "CAP_DAC_READ_SEARCH",
  "CAP_SYS_NICE",
  "CAP_SYSLOG",
  "CAP_SETFCAP",
  "CAP_FSETID",
];

const weakenings = {
  /** Commands run as an unprivileged user. */
  tool_user: (s: Setup) => {
    s.root = true;
    s.profile.root_commands = true;
    s.profile.no_new_privs = false;
  },
  /** The guest's bounding set is what it needs and no more. */
  capabilities: (s: Setup) => {
    s.root = true;
    s.profile.root_commands = true;
    s.profile.no_new_privs = false;
    s.profile.capabilities = [...new Set([...s.profile.capabilities, ...powerful])];
    // In a user namespace they would be powers over the sandbox alone.
    s.profile.user_namespace = "never";
  },
  seccomp: (s: Setup) => {
    s.profile.seccomp = "unconfined";
  },
  network: (s: Setup) => {
    s.profile.network = "host";
  },
  masked_paths: (s: Setup) => {
    s.profile.masked_paths = [];
  },
  read_only_paths: (s: Setup) => {
    s.profile.read_only_paths = [];
  },
  user_namespace: (s: Setup) => {
    s.profile.user_namespace = "never";
  },
  memory_limit: (s: Setup) => {
    s.resources.memory_mb *= ABUNDANCE;
  },
  pids_limit: (s: Setup) => {
    s.resources.pids *= ABUNDANCE;
  },
  cpu_limit: (s: Setup) => {
    s.resources.cpus *= ABUNDANCE;
  },
  disk_quota: (s: Setup) => {
    s.resources.disk_mb = (s.resources.disk_mb ?? 0) * ABUNDANCE || undefined;
  },
  inode_quota: (s: Setup) => {
    s.resources.inodes = (s.resources.inodes ?? 0) * ABUNDANCE || undefined;
  },
  open_files: (s: Setup) => {
    s.profile.limits.open_files += A_FEW_FILES;
  },
  ...(Object.fromEntries(guestDefences.map((name) => [name, (s: Setup) => void s.guestWithout.add(name)])) as Record<
    GuestDefence,
    (s: Setup) => void
  >),
  /** Set-user-id bits and file capabilities mean nothing to the guest, nor to what it starts. */
  no_new_privileges: (s: Setup) => {
    s.profile.no_new_privs = false;
    s.guestWithout.add("no_new_privileges");
  },
};

/** What the controller does outside of any sandbox; an attack asks `arena.has` and does without what is missing. */
export const controllerDefences = [
  /** What a guest says is checked against a schema, a size and a deadline, and belongs to the boot that was met first. */
  "reply_validation",
  /** Origins are mirrored with hooks off, without submodules, by a list of protocols, within limits. */
  "mirror_hardening",
  /** History is cut to what the environment allows. */
  "history_scrub",
  /** What crosses into grading is files beneath the workspace, by rule. */
  "change_set_rules",
  /** A sandbox is its rollout's alone, and so are its ids. */
  "rollout_identity",
  /** Commands get an environment that was made for them, and nothing of the controller's. */
  "clean_environment",
  /** What comes out of a sandbox is cleaned before a person sees it. */
  "printable_output",
  /** What was created is read back and compared. */
  "drift_check",
  /** Names are checked before they are resolved, and addresses before they are reached. */
  "egress_policy",
  /** A sandbox's grave is unmounted, not walked. */
  "teardown",
] as const;

export type Defence = keyof typeof weakenings | (typeof controllerDefences)[number];

export const defenceNames: readonly Defence[] = [
  ...(Object.keys(weakenings) as (keyof typeof weakenings)[]),
  ...controllerDefences,
];

export const isDefence = (name: string): name is Defence => (defenceNames as readonly string[]).includes(name);

/** Takes the defences away from how a sandbox is made; those of the controller are not made there. */
export function weaken(setup: Setup, without: ReadonlySet<Defence>): void {
  for (const name of without) if (name in weakenings) weakenings[name as keyof typeof weakenings](setup);
  // Powers over a network are never those over the machine's own.
  if (without.has("capabilities")) setup.profile.network = "none";
}
