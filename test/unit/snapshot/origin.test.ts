import { describe, expect, test } from "vitest";
import { commitId, originUrl, printableUrl } from "../../../src/snapshot/origin.ts";

describe("the URL of an origin", () => {
  test.for([
    ["https://example.org/a/b.git", "https://example.org/a/b.git"],
    ["HTTPS://example.org/a.git", "HTTPS://example.org/a.git"],
    ["http://10.0.0.1:8080/a", "http://10.0.0.1:8080/a"],
    ["ssh://git@example.org:22/a.git", "ssh://git@example.org:22/a.git"],
    ["git://example.org/a.git", "git://example.org/a.git"],
    ["git@github.com:pallets/click.git", "git@github.com:pallets/click.git"],
    ["file:///srv/a.git", "file:///srv/a.git"],
    ["/srv/a b.git", "file:///srv/a b.git"],
    ["https://user:secret@example.org/a.git", "https://user:secret@example.org/a.git"],
  ])("%s is given to git as %s", ([url, expected]) => {
    expect(originUrl(url!)).toBe(expected);
  });

  test.for([
    "ext::sh -c 'touch /tmp/owned'",
    "fd::17",
    "--upload-pack=touch /tmp/owned",
    "-u@example.org:a",
    "-oProxyCommand=touch@host:a",
    "ssh://-oProxyCommand=touch/a",
    "git@-oProxyCommand:a",
    "file://--upload-pack=x",
    "ftp://example.org/a.git",
    "javascript:alert(1)",
    "persistent-https://example.org/a",
    "git@example.org::a",
    "relative/path",
    "../up",
    "",
    " https://example.org/a",
    "https://example.org/a\n--upload-pack=x",
    "/srv/a\u0000b",
    "https://",
  ])("%j is refused", (url) => {
    expect(() => originUrl(url)).toThrow(expect.objectContaining({ code: "invalid_environment" }));
  });

  test("a refusal does not tell the credentials", () => {
    expect(() => originUrl("ftp://me:hunter2@example.org/a")).toThrow(/ftp:\/\/\*\*\*@example\.org/);
  });
});

describe("a URL in a message", () => {
  test.for([
    ["https://user:hunter2@example.org/a.git", "https://***@example.org/a.git"],
    ["https://hunter2@example.org/a.git", "https://***@example.org/a.git"],
    ["https://user:p@ss@example.org/a", "https://***@example.org/a"],
    ["https://example.org/a?token=hunter2", "https://example.org/a?***"],
    [
      "fatal: unable to access 'https://u:hunter2@h/a/': refused",
      "fatal: unable to access 'https://***@h/a/': refused",
    ],
    ["two: https://a:b@c/ and ssh://d@e/f", "two: https://***@c/ and ssh://***@e/f"],
    ["git@github.com:pallets/click.git", "git@github.com:pallets/click.git"],
    ["https://example.org/@scope/a", "https://example.org/@scope/a"],
    ["no URL at all?", "no URL at all?"],
  ])("%s becomes %s", ([text, expected]) => {
    expect(printableUrl(text!)).toBe(expected);
  });
});

describe("A commit", () => {
  const hex = "0123456789abcdef";

  test.each([hex.repeat(2) + hex.slice(0, 8), hex.repeat(4)])("is a full id: %s", (id) => {
    expect(commitId(id)).toBe(id);
  });

  test.each([
    "--upload-pack=touch x;git-upload-pack",
    "HEAD",
    "main",
    hex,
    `${hex.repeat(4)} `,
    `-${hex.repeat(2)}abcdef0`,
    "",
  ])("is never another name, or an option of git's: %s", (name) => {
    expect(() => commitId(name)).toThrow(expect.objectContaining({ code: "invalid_environment" }));
  });
});
