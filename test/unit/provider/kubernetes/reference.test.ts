import { describe, expect, it } from "vitest";
import { below, parseReference, pinned } from "../../../../src/provider/kubernetes/registry/reference.ts";

const digest = `sha256:${"a".repeat(64)}`;

describe("the name of an image", () => {
  it.each([
    ["python", "docker.io", "library/python", "latest"],
    ["python:3.14-slim", "docker.io", "library/python", "3.14-slim"],
    ["someone/thing", "docker.io", "someone/thing", "latest"],
    ["localhost/thing", "localhost", "thing", "latest"],
    ["10.0.0.1:5000/a/b:c", "10.0.0.1:5000", "a/b", "c"],
    ["ghcr.io/a/b:c@DIGEST", "ghcr.io", "a/b", digest],
    ["ghcr.io/a/b@DIGEST", "ghcr.io", "a/b", digest],
  ])("%s is read as Docker reads it", (text, registry, repository, version) => {
    expect(parseReference(text.replace("DIGEST", digest))).toEqual({ registry, repository, version });
  });

  it.each([
    "",
    "Upper",
    "a b",
    "a@sha256:12",
    "a:b:c",
    "a@DIGEST@DIGEST",
    "../a",
    "a/../b",
    "host:99/",
    "a:",
    "-x",
    "a?b",
  ])("%j is none", (text) =>
    expect(() => parseReference(text.replaceAll("DIGEST", digest))).toThrow("is not the name of an image"),
  );

  it("that a node pulls has the digest", () => {
    expect(pinned({ registry: "r.example", repository: "a/b", version: "c" }, digest)).toBe(`r.example/a/b@${digest}`);
  });

  it("below a prefix keeps the prefix's path", () => {
    expect(below("r.example:5000/team/berth", "snapshots")).toEqual({
      registry: "r.example:5000",
      repository: "team/berth/snapshots",
    });
    expect(() => below("https://r.example", "snapshots")).toThrow("HOST[:PORT][/PATH]");
    expect(() => below("", "snapshots")).toThrow("HOST[:PORT][/PATH]");
  });
});
