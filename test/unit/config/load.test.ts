import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadConfig, type ConfigInput } from "../../../src/config/load.ts";
import { passingFile } from "../../support/passing-file.ts";

const machine = {
  arch: "x64",
  processors: 8,
  memoryBytes: 32 * 1024 ** 3,
  root: true,
  home: "/root",
  xdgDataHome: undefined,
  dockerHost: undefined,
  terminal: false,
  berthDir: "/opt/berth",
};

const load = (input: ConfigInput = {}) => loadConfig({ env: {}, machine, cwd: "/work", ...input });

const configFile = (text: string) => passingFile("berth.yaml", text);

describe("defaults", () => {
  test("root keeps its data in /var/lib/berth, others in their home, XDG_DATA_HOME goes first", () => {
    expect(load().data_dir).toBe("/var/lib/berth");
    expect(load({ machine: { ...machine, root: false, home: "/home/a" } }).data_dir).toBe("/home/a/.local/share/berth");
    expect(load({ machine: { ...machine, xdgDataHome: "/x" } }).data_dir).toBe("/x/berth");
  });

  test("the guest binary is the one of this architecture", () => {
    expect(load().guest_binary).toBe("/opt/berth/build/berth-guest-amd64");
    expect(load({ machine: { ...machine, arch: "arm64" } }).guest_binary).toBe("/opt/berth/build/berth-guest-arm64");
  });
});

test("how many sandboxes start at once, and what memory stays free, follow from the machine", () => {
  expect(load()).toMatchObject({ max_starting: 16, memory_floor_mb: 1638 });
});

describe("where the records are kept", () => {
  test.for(["", "postgres://u:p@h:5432/records", "postgresql:///records?host=/run/postgresql"])(
    "%j is taken",
    (url) => {
      expect(load({ env: { BERTH_STORE_URL: url } }).store_url).toBe(url);
    },
  );

  test.for(["mysql://u:opensesame@h/records", "opensesame", "postgres://u:opensesame@h:port/records"])(
    "%s is refused by name of the setting, and not repeated",
    (url) => {
      const start = () => load({ env: { BERTH_STORE_URL: url } });
      expect(start).toThrow(/^store_url \(from BERTH_STORE_URL\): must be empty or postgres:/);
      expect(start).not.toThrow(/opensesame/);
    },
  );
});

describe("sources", () => {
  test("the command line goes before the environment, the environment before the file", () => {
    const file = configFile("port: 1\nprovider: docker\nlog_level: warn\n");
    const config = load({ file, env: { BERTH_PORT: "2", BERTH_PROVIDER: "oci" }, flags: { port: "3" } });
    expect(config).toMatchObject({ port: 3, provider: "oci", log_level: "warn" });
  });

  test("BERTH_CONFIG names the file", () => {
    expect(load({ env: { BERTH_CONFIG: configFile("port: 99") } }).port).toBe(99);
  });

  test("relative paths start from the file's folder, or from the working directory", () => {
    const file = configFile("images_dir: pictures");
    expect(load({ file }).images_dir).toBe(join(file, "../pictures"));
    expect(load({ env: { BERTH_IMAGES_DIR: "pictures" } }).images_dir).toBe("/work/pictures");
  });

  test("keys come as a list from the file and separated by commas from the environment", () => {
    expect(load({ file: configFile("api_keys: [first-key-1, second-key-2]") }).api_keys).toEqual([
      "first-key-1",
      "second-key-2",
    ]);
    expect(load({ env: { BERTH_API_KEYS: "first-key-1, second-key-2," } }).api_keys).toEqual([
      "first-key-1",
      "second-key-2",
    ]);
  });

  test("what comes out is frozen", () => {
    const config = load();
    expect(Object.isFrozen(config) && Object.isFrozen(config.api_keys)).toBe(true);
  });
});

describe("refusals name the setting, its source and what is expected", () => {
  const refused: [string, () => ConfigInput, RegExp][] = [
    [
      "a port that is no number",
      () => ({ env: { BERTH_PORT: "http" } }),
      /^port \(from BERTH_PORT\): must be a whole number from 0 to 65535\. It is "http"\.$/,
    ],
    [
      "a flag out of range",
      () => ({ flags: { port: "70000" } }),
      /^port \(from --port\): must be a whole number from 0 to 65535/,
    ],
    [
      "an unknown provider",
      () => ({ env: { BERTH_PROVIDER: "podman" } }),
      /^provider \(from BERTH_PROVIDER\): must be one of auto, oci, docker, kubernetes, memory/,
    ],
    [
      "a boolean that is none",
      () => ({ env: { BERTH_LOG_PRETTY: "maybe" } }),
      /^log_pretty \(from BERTH_LOG_PRETTY\): must be true or false/,
    ],
    ["an empty path", () => ({ env: { BERTH_DATA_DIR: "" } }), /^data_dir \(from BERTH_DATA_DIR\): must be a path/],
    [
      "a Docker host of another form",
      () => ({ env: { BERTH_DOCKER_HOST: "npipe://x" } }),
      /^docker_host \(from BERTH_DOCKER_HOST\): must be a socket path/,
    ],
    [
      "anonymous access from outside",
      () => ({ env: { BERTH_ALLOW_ANONYMOUS_LOOPBACK: "1" }, flags: { host: "0.0.0.0" } }),
      /^allow_anonymous_loopback \(from BERTH_ALLOW_ANONYMOUS_LOOPBACK\): needs a loopback host, and host is 0\.0\.0\.0\./,
    ],
    [
      "a typo in the file",
      () => ({ file: configFile("data-dir: /x") }),
      /^data-dir \(in .*berth\.yaml\) is not a setting; is data_dir meant\?$/,
    ],
    ["a file that is a list", () => ({ file: configFile("- a") }), /must be a mapping/],
    ["a file that is not YAML", () => ({ file: configFile("a: [") }), /is not YAML/],
    [
      "a file that is not there",
      () => ({ file: "/nowhere/berth.yaml" }),
      /^The configuration file \/nowhere\/berth\.yaml cannot be read/,
    ],
  ];
  test.each(refused)("%s", (_what, input, message) => {
    expect(() => load(input())).toThrow(message);
  });

  test("a key that is refused is not repeated", () => {
    expect(() => load({ env: { BERTH_API_KEYS: "s e c r e t" } })).toThrow(
      /^api_keys \(from BERTH_API_KEYS\): \[0\]: must be 8 to 512 printable ASCII characters without spaces\.$/,
    );
  });
});
