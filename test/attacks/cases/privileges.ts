import { reachedIf, type Attack } from "../attack.ts";

export const privileges: readonly Attack[] = [
  {
    id: "privileges/read-what-is-root's",
    title: "A tool reads a file of the sandbox's root that nobody else may read",
    defences: ["tool_user"],
    attempt: async (arena) => {
      const flag = arena.flag();
      const base = await arena.planted(`echo ${flag} >/etc/planted && chmod 600 /etc/planted`);
      const berth = await arena.sandbox({ base });
      const { stdout, stderr } = await berth.sh("cat /etc/planted");
      return reachedIf(stdout.head.includes(flag), stdout.head + stderr.head);
    },
  },
  {
    id: "privileges/keep-no-new-privs-off",
    title: "A tool starts without no_new_privs, so that a set-user-ID program would make it root",
    defences: ["no_new_privileges", "tool_user"],
    notApplicable: (backend) =>
      backend.endsWith("runsc") ? "gVisor has no way to gain privileges by executing a file" : undefined,
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const { stdout } = await berth.sh("grep NoNewPrivs /proc/self/status");
      return reachedIf(!/NoNewPrivs:\s*1/.test(stdout.head), stdout.head);
    },
  },
];
