import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadProfiles, profileNamed } from "../../../src/sandbox/profiles.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), "berth-profiles-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const file = (name: string, text: string) =>
  writeFile(path.join(dir, `${name}.yaml`), `name: ${name}\ndescription: for a test\n${text}\n`);
const base = "seccomp: standard\nlimits: { open_files: 128, disk_mb: 64 }\nmasked_paths: [/proc/a, /proc/b]";

test("a profile that extends another takes over what it does not say itself, and null takes a setting away", async () => {
  await file("base", base);
  await file("further", "extends: base\nruntime: runsc\nlimits: { disk_mb: null }\nmasked_paths: [/proc/c]");
  const { runtime, seccomp, limits, masked_paths } = profileNamed(await loadProfiles(dir), "further");
  expect({ runtime, seccomp, limits, masked_paths }).toEqual({
    runtime: "runsc",
    seccomp: "standard",
    limits: { open_files: 128 },
    masked_paths: ["/proc/c"],
  });
});

test.each([
  ["a profile that extends itself through another", { a: "extends: b", b: "extends: a" }, /extends itself: a\.yaml/],
  ["a profile that extends one that is not there", { a: "extends: none" }, /not there: a\.yaml → none\.yaml/],
  ["a setting that is misspelt", { a: `${base}\nsecomp: x` }, /secomp/],
  ["names for a proxy that the network does not have", { a: `${base}\negress: { allow: [example.org] }` }, /ignore/],
  [
    "a user that no user namespace maps",
    { a: `${base}\nuser_namespace: where_possible\nuser: { uid: 70000, gid: 1000 }` },
    /65535/,
  ],
  ["an address among the names", { a: `${base}\nnetwork: egress\negress: { allow: [127.0.0.1] }` }, /DNS name/],
])("%s is refused with its file", async (_, files, message) => {
  for (const [name, text] of Object.entries(files)) await file(name, text);
  await expect(loadProfiles(dir)).rejects.toMatchObject({
    code: "invalid_config",
    message: expect.stringMatching(message),
  });
});

test("the profiles that come with Berth are valid, and the stricter ones are standard and more", async () => {
  const profiles = await loadProfiles(path.resolve(import.meta.dirname, "../../../sandbox-profiles"));
  const { name: _, description: _d, runtime: _r, user_namespace: _u, ...standard } = profileNamed(profiles, "standard");
  expect(profileNamed(profiles, "strict")).toMatchObject({ ...standard, runtime: "runsc" });
  const { network: _n, egress: _e, ...rest } = standard;
  expect(profileNamed(profiles, "egress")).toMatchObject({ ...rest, network: "egress" });
});
