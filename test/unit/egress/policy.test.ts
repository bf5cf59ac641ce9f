import { describe, expect, test } from "vitest";
import { addressKind } from "../../../src/egress/address-kind.ts";
import { AllowList } from "../../../src/egress/allow-list.ts";
import { Denied } from "../../../src/egress/denied.ts";
import { parseDestination } from "../../../src/egress/destination.ts";

/** What a target means: `name:port`, or why it is refused. */
function meaning(authority: string, defaultPort?: number): string {
  try {
    const { name, port } = parseDestination(authority, defaultPort);
    return `${name}:${port}`;
  } catch (thrown) {
    if (thrown instanceof Denied) return thrown.reason;
    throw thrown;
  }
}

describe("a target", () => {
  test.each([
    ["example.org:443", "example.org:443"],
    ["EXAMPLE.Org:443", "example.org:443"],
    ["example.org.:443", "example.org:443"],
    ["xn--bcher-kva.example:443", "xn--bcher-kva.example:443"],
    ["bücher.example:443", "xn--bcher-kva.example:443"],
    ["ｅｘａｍｐｌｅ．ｏｒｇ:443", "example.org:443"],
    ["a_b.example.org:8443", "a_b.example.org:8443"],
  ])("%s is the name %s", (authority, expected) => {
    expect(meaning(authority)).toBe(expected);
  });

  test.each([
    "127.0.0.1:443",
    "127.0.0.1.:443",
    "127.1:443",
    "127.0.1:443",
    "2130706433:443",
    "0x7f000001:443",
    "0x7f.0.0.1:443",
    "0x7f.1:443",
    "0177.0.0.1:443",
    "017700000001:443",
    "0:443",
    "0.0.0.0:443",
    "169.254.169.254:80",
    "169.254.43518:80",
    "0xa9fea9fe:80",
    "0251.0376.0251.0376:80",
    "8.8.8.8:443",
    "[::1]:443",
    "[::]:443",
    "[::ffff:127.0.0.1]:443",
    "[::ffff:7f00:1]:443",
    "[0:0:0:0:0:0:0:1]:443",
    "[fe80::1%25eth0]:443",
    "[fe80::1%eth0]:443",
    "[fd00:ec2::254]:80",
    "[64:ff9b::a9fe:a9fe]:80",
    "[::1",
    "::1:443",
    "fe80::1%eth0:443",
    "%31%32%37.0.0.1:443",
    "127%2e0%2e0%2e1:443",
    "１２７.0.0.1:443",
    "127。0。0。1:443",
    "①②⑦.0.0.1:443",
    "１６９．２５４．１６９．２５４:80",
  ])("%s is an address", (authority) => {
    expect(meaning(authority)).toBe("address");
  });

  test.each([
    "",
    ":443",
    "example.org",
    "example.org:",
    "example.org:0",
    "example.org:65536",
    "example.org:443443",
    "example.org:0443",
    "example.org:+443",
    "example.org:4 43",
    "example.org:443:443x",
    "*.packages.dev:443",
    "localhost:443",
    "metadata:80",
    "a..b:443",
    "example.org..:443",
    ".example.org:443",
    "-:443",
    "user@example.org:443",
    "user:pass@example.org:443",
    "example.org@127.0.0.1:443",
    "example.org/:443",
    "example.org\\:443",
    "example.org?:443",
    "example.org#:443",
    "example.org%00.evil.com:443",
    "example%2eorg:443",
    "exa\u0000mple.org:443",
    "example.org\r\nHost: x:443",
    "1.2.3.4.5:443",
    "256.256.256.256:443",
    "example.256:443",
    "example.0x7f:443",
    `${"a".repeat(64)}.example.org:443`,
    `${"a.".repeat(200)}org:443`,
    "x".repeat(100_000),
  ])("%s is no target", (authority) => {
    expect(meaning(authority)).toMatch(/^(?:invalid_request|address)$/);
    expect(meaning(authority)).not.toMatch(/:/);
  });

  test("takes the default port where there is one", () => {
    expect(meaning("example.org", 80)).toBe("example.org:80");
    expect(meaning("example.org:", 80)).toBe("invalid_request");
  });

  test("is shown without control characters and cut", () => {
    const denied = new Denied("not_allowed", `\u001b]0;x\u0007${"a".repeat(1_000)}`);
    expect(denied.destination).toMatch(/^\?\]0;x\?a+$/);
    expect(denied.destination).toHaveLength(255);
    expect(new Denied("invalid_request", "").destination).toBe("-");
  });
});

describe("an allow-list", () => {
  const list = new AllowList(["example.org", "mirror.example.net:8080", "*.packages.dev", "plain.example.com:80"]);
  test.each([
    ["example.org", 443, true],
    ["example.org", 80, false],
    ["example.org", 8443, false],
    ["www.example.org", 443, false],
    ["notexample.org", 443, false],
    ["example.org.evil.com", 443, false],
    ["mirror.example.net", 8080, true],
    ["mirror.example.net", 443, false],
    ["a.packages.dev", 443, true],
    ["a.b.packages.dev", 443, true],
    ["packages.dev", 443, false],
    ["xpackages.dev", 443, false],
    ["a.packages.dev", 80, false],
    ["plain.example.com", 80, true],
    ["plain.example.com", 443, false],
  ])("has %s:%i: %s", (name, port, expected) => {
    expect(list.allows({ name, port })).toBe(expected);
  });
});

describe("an address", () => {
  test.each([
    "8.8.8.8",
    "1.1.1.1",
    "172.32.0.1",
    "192.0.1.1",
    "100.128.0.1",
    "169.253.255.255",
    "198.20.0.1",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001::8a",
    "2001:4860:4860::8888",
  ])("%s is public", (address) => {
    expect(addressKind(address)).toBe("public");
  });

  test.each([
    "10.1.2.3",
    "127.0.0.1",
    "127.255.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fd12::1",
    "fc00::1",
  ])("%s is private", (address) => {
    expect(addressKind(address)).toBe("private");
  });

  test.each([
    "0.0.0.0",
    "0.1.2.3",
    "100.100.100.200",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::2",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::FFFF:a9fe:a9fe",
    "0:0:0:0:0:ffff:7f00:1",
    "64:ff9b::8.8.8.8",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "example.org",
    "",
    "127.1",
  ])("%s is never reached", (address) => {
    expect(addressKind(address)).toBe("never");
  });
});
