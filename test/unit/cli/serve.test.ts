import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test, vi } from "vitest";
import { runCommand } from "../../support/cli.ts";

describe("berth serve does not start", () => {
  test("without a key, and says how to have one", async () => {
    expect(await runCommand(["serve"])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no key is set.*BERTH_API_KEYS=.*--allow-anonymous-loopback/s),
    });
  });

  test("anonymous on an address that others can reach", async () => {
    const run = await runCommand(["serve", "--allow-anonymous-loopback", "--host", "0.0.0.0"]);
    expect(run).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        "allow_anonymous_loopback (from --allow-anonymous-loopback): needs a loopback host",
      ),
    });
  });

  test("on a port that is taken, and lets go of what it held", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    let closed = false;
    const close = async () => void (closed = true);
    const run = await runCommand(
      ["serve", "--allow-anonymous-loopback", "--port", String(port), "--log-level", "silent"],
      { berth: { close } },
    );
    other.close();
    expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining("something else listens there") });
    expect(closed).toBe(true);
  });
});

test("berth serve answers, and on SIGTERM drains, closes and ends with 0", async () => {
  const program = join(import.meta.dirname, "../../support/serve-process.ts");
  const child = execa(
    process.execPath,
    [program, "serve", "--port", "0", "--drain-seconds", "7", "--log-level", "silent", "--json"],
    {
      env: { BERTH_API_KEYS: "key-of-this-test" },
      timeout: 9000,
    },
  );
  let text = "";
  child.stdout.on("data", (chunk) => (text += chunk));
  await vi.waitFor(() => expect(text).toContain("}"), { timeout: 5000 });
  const { url, provider } = JSON.parse(text);
  expect(provider).toBe("memory");
  const reply = await fetch(`${url}/v1/rollouts`, { headers: { authorization: "Bearer key-of-this-test" } });
  expect(await reply.json()).toEqual({ rollouts: [], next_before: null });
  expect((await fetch(`${url}/readyz`)).status).toBe(200);

  child.kill("SIGTERM");
  const { exitCode, stdout } = await child;
  expect(exitCode).toBe(0);
  expect(stdout).toContain("drained 7000\nclosed");
});
