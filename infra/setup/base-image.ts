/**
 * Prints the image that a Dockerfile's `ARG BASE` stands for, pulled where a registry can be reached and made from Debian's
 * packages where none can. Usage: base-image.ts FILE
 */
import { readFile } from "node:fs/promises";
import { dockerConnection } from "../../src/config/docker-connection.ts";
import { processEnvironment } from "../../src/config/process-environment.ts";
import { chooseBase, defaultBase } from "../../src/provider/docker/choose-base.ts";
import { connectDaemon } from "../../src/provider/docker/daemon.ts";

const [file = ""] = process.argv.slice(2);
const wanted = defaultBase(await readFile(file, "utf8"));
if (wanted === undefined) throw new Error(`${file} has no ARG BASE.`);
const daemon = connectDaemon(dockerConnection(processEnvironment()["DOCKER_HOST"] ?? "/var/run/docker.sock"));
try {
  console.log(await chooseBase(daemon, wanted, { onProgress: (line) => console.error(`setup: ${line}`) }));
} finally {
  daemon.close();
}
