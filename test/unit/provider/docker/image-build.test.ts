import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { debianSuite, defaultBase } from "../../../../src/provider/docker/choose-base.ts";
import { folderOf } from "../../../../src/provider/docker/names.ts";
import { mmdebstrapArguments } from "../../../../src/provider/docker/debian-root.ts";
import { followProgress } from "../../../../src/provider/docker/progress.ts";
import { withTag } from "../../../../src/provider/docker/pull-image.ts";

const images = new URL("../../../../images/", import.meta.url).pathname;

describe("the base of an image", () => {
  it("is the default of ARG BASE", () => {
    expect(defaultBase("# x\nARG BASE=debian:bookworm-slim\nFROM ${BASE}\n")).toBe("debian:bookworm-slim");
    expect(defaultBase("FROM debian\n")).toBeUndefined();
  });

  it("can be made from Debian's packages only when it is an official Debian release", () => {
    expect(debianSuite("debian:bookworm-slim")).toBe("bookworm");
    expect(debianSuite("docker.io/library/debian:trixie")).toBe("trixie");
    expect(debianSuite("debian:12")).toBeUndefined();
    expect(debianSuite("evil.example/debian:bookworm")).toBeUndefined();
    expect(debianSuite("python:3.13")).toBeUndefined();
  });

  it("trusts what this machine trusts when it is made here", () => {
    expect(mmdebstrapArguments("bookworm", true).join(" ")).toContain("update-ca-certificates");
    expect(mmdebstrapArguments("bookworm", false)).toEqual(["--variant=minbase", "--format=tar", "bookworm", "-"]);
  });
});

describe("an image reference", () => {
  it("without tag or digest is pulled as latest only", () => {
    expect(withTag("python")).toBe("python:latest");
    expect(withTag("host:5000/a/b")).toBe("host:5000/a/b:latest");
    expect(withTag("a/b:1")).toBe("a/b:1");
    expect(withTag(`a@sha256:${"0".repeat(64)}`)).toBe(`a@sha256:${"0".repeat(64)}`);
  });
});

describe("the daemon's progress", () => {
  const say = (...lines: object[]) => Readable.from(lines.map((line) => `${JSON.stringify(line)}\r\n`));

  it("reaches the reader line by line, without the bars of a pull", async () => {
    const seen: string[] = [];
    await followProgress(
      say(
        { stream: "Step 1\n" },
        { stream: "\n" },
        { status: "Pulling", id: "abc" },
        { status: "x", progress: "[=>]" },
      ),
      (line) => seen.push(line),
    );
    expect(seen).toEqual(["Step 1", "abc: Pulling"]);
  });

  it("is put together from the pieces in which a program writes", async () => {
    const seen: string[] = [];
    await followProgress(say({ stream: "\u001b[91mnpm\u001b[0m" }, { stream: " ERR!\nnext" }), (line) =>
      seen.push(line),
    );
    expect(seen).toEqual(["npm ERR!", "next"]);
  });

  it("is a failure when it holds an error, with the output before it", async () => {
    const failed = followProgress(say({ stream: "E: no such package\n" }, { error: "returned 100" }), () => undefined);
    await expect(failed).rejects.toMatchObject({ message: "returned 100", output: "E: no such package\n" });
  });

  it("survives what is no JSON", async () => {
    await expect(followProgress(Readable.from(["nonsense\n"]), () => undefined)).resolves.toBeUndefined();
  });
});

describe("every folder of images/", async () => {
  for (const { name } of (await readdir(images, { withFileTypes: true })).filter((entry) => entry.isDirectory())) {
    it(`builds on any base and has the tool user: ${name}`, async () => {
      let dockerfile = await readFile(join(images, name, "Dockerfile"), "utf8");
      expect(await readFile(join(images, name, "README.md"), "utf8")).toContain(`berth image build ${name}`);
      expect(dockerfile).not.toMatch(/^VOLUME/m);
      const below = folderOf(defaultBase(dockerfile) ?? "");
      if (below !== undefined) dockerfile = await readFile(join(images, below, "Dockerfile"), "utf8");
      expect(debianSuite(defaultBase(dockerfile) ?? "")).toBe("bookworm");
      expect(dockerfile).toContain("useradd --uid 1000 --gid 1000");
    });
  }
});
