import path from "node:path";
import { execa } from "execa";
import { guestBinary } from "../support/providers.ts";
import type { GuestDefence } from "./defences.ts";

const goDeadlineMs = 300_000;

/** Guests that lack some of their defences, built when they are first asked for. */
export class GuestBuilds {
  readonly #dir: string;
  readonly #builds = new Map<string, Promise<string>>();

  /** @param dir where they are kept */
  constructor(dir: string) {
    this.#dir = dir;
  }

  /** The path of a guest's binary; the ordinary one when nothing is missing. */
  without(defences: ReadonlySet<GuestDefence>): Promise<string> {
    const names = [...defences].toSorted().join(",");
    if (names === "") return Promise.resolve(guestBinary);
    let build = this.#builds.get(names);
    if (build === undefined) this.#builds.set(names, (build = this.#build(names)));
    return build;
  }

  async #build(names: string): Promise<string> {
    const file = path.join(this.#dir, `guest-without-${names.replaceAll(",", "-")}`);
    const flags = `-s -w -X berth/guest/internal/defence.without=${names}`;
    await execa(
      "go",
      [
        "build",
        "-trimpath",
        "-buildvcs=false",
        "-tags",
        "undefended",
        "-ldflags",
        flags,
        "-o",
        file,
        "./cmd/berth-guest",
      ],
      { cwd: path.resolve(import.meta.dirname, "../../guest"), env: { CGO_ENABLED: "0" }, timeout: goDeadlineMs },
    );
    return file;
  }
}
