import { z } from "zod";
import { degraded, missing, ok, type CheckGroup } from "./check.ts";

const answer = z.object({ Version: z.string(), ApiVersion: z.string().optional(), Arch: z.string().optional() });

/** tcp://host:port is plain HTTP; a path or unix:// is a socket. */
function addressOf(dockerHost: string): { socketPath: string } | { url: string } {
  if (/^(?:tcp|http):/.test(dockerHost)) return { url: dockerHost.replace(/^tcp:/, "http:") };
  return { socketPath: dockerHost.replace(/^unix:\/\//, "") };
}

export const dockerChecks: CheckGroup = async ({ host, config, install }) => {
  const where = config.docker_host;
  if (where.startsWith("https:"))
    return [
      degraded("docker", `${where} is not tried here: it asks for certificates`, `docker --host ${where} version`),
    ];
  try {
    const { Version, ApiVersion } = answer.parse(await host.getJson(addressOf(where), "/version"));
    return [ok("docker", `${Version}${ApiVersion ? ` (API ${ApiVersion})` : ""} at ${where}`)];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EACCES")
      return [
        missing(
          "docker",
          `${where} may not be opened by this user`,
          "sudo usermod -aG docker $USER   # then log in again",
        ),
      ];
    const remedy = `${install("docker.io")} && ${host.root ? "" : "sudo "}service docker start`;
    return [missing("docker", `nothing answers at ${where}; optional where oci works`, remedy)];
  }
};
