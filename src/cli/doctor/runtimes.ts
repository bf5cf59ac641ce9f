import { degraded, missing, ok, type Check, type CheckGroup, type DoctorInput } from "./check.ts";

const firstLine = (text: string): string => text.split("\n", 1)[0]?.trim() ?? "";

async function runtime({ host }: DoctorInput, name: string, absent: (detail: string) => Check): Promise<Check> {
  const { ok: ran, absent: gone, text } = await host.run(name, ["--version"]);
  if (ran) return ok(name, firstLine(text));
  return absent(gone ? "not found" : `does not run: ${firstLine(text)}`);
}

/** runc is what the oci provider runs; crun can stand in for it, runsc is for profiles that ask for it. */
export const runtimeChecks: CheckGroup = async (input) => {
  const { install } = input;
  return await Promise.all([
    runtime(input, "runc", (detail) => missing("runc", detail, install("runc"))),
    runtime(input, "crun", (detail) => degraded("crun", `${detail}; optional, in place of runc`, install("crun"))),
    runtime(input, "runsc", (detail) =>
      degraded(
        "runsc",
        `${detail}; optional, for profiles that ask for it`,
        "see https://gvisor.dev/docs/user_guide/install/",
      ),
    ),
  ]);
};
