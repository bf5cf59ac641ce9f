import { createHash, createPublicKey, verify } from "node:crypto";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { binderOf, bindingTaken } from "../../../../../src/provider/kubernetes/claims/binding.ts";
import { doorKey } from "../../../../../src/provider/kubernetes/door-key.ts";

const key = doorKey(Buffer.alloc(32, 7));
const handle = { id: "a1", provider: "kubernetes", labels: { owner: "me", purpose: "p", incarnation: "i1" } };
const podUid = "8a6e2a4c-0000-4000-8000-000000000001";

/** Of the 32 bytes of a public key, what stands before them in an SPKI. */
const spkiHead = Buffer.from("302a300506032b6570032100", "hex");

function isSigned(binding: Buffer, pod: string, publicKey: string): boolean {
  const spki = Buffer.concat([spkiHead, Buffer.from(publicKey, "hex")]);
  const message = Buffer.concat([Buffer.from("berth door binding 1\0"), binding.subarray(0, 32), Buffer.from(pod)]);
  return verify(null, message, createPublicKey({ key: spki, format: "der", type: "spki" }), binding.subarray(32));
}

describe("a binding of a door", () => {
  it("is the hash of the sandbox's secret, signed for that pod alone, the same by every controller with the key", () => {
    const binder = binderOf(key);
    const binding = binder.bindingOf(handle, podUid);
    expect(binding).toHaveLength(32 + 64);
    expect(binding.subarray(0, 32)).toEqual(createHash("sha256").update(key.secretOf(handle)).digest());
    expect(isSigned(binding, podUid, binder.publicKey)).toBe(true);
    expect(isSigned(binding, `${podUid}2`, binder.publicKey)).toBe(false);
    expect(binderOf(doorKey(Buffer.alloc(32, 7))).bindingOf(handle, podUid)).toEqual(binding);
    expect(isSigned(binding, podUid, binderOf(doorKey(Buffer.alloc(32, 8))).publicKey)).toBe(false);
  });

  it("shows neither the key nor the secret", () => {
    const { publicKey, bindingOf } = binderOf(key);
    const shown = publicKey + bindingOf(handle, podUid).toString("hex");
    expect(shown).not.toContain(key.secretOf(handle).toString("hex"));
    expect(shown).not.toContain(key.derive("berth door bindings 1").toString("hex"));
  });

  it("is taken when the door says so, refused when it says nothing, and given up when it is called off", async () => {
    const answering = (answer: Buffer) => {
      const stream = new PassThrough();
      stream.end(answer);
      return stream;
    };
    const never = AbortSignal.timeout(60_000);
    await expect(bindingTaken(answering(Buffer.from([1])), never)).resolves.toBeUndefined();
    await expect(bindingTaken(answering(Buffer.alloc(0)), never)).rejects.toMatchObject({
      code: "sandbox_create_failed",
    });
    const giveUp = new AbortController();
    const silent = new PassThrough();
    const waiting = bindingTaken(silent, giveUp.signal);
    giveUp.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    expect(silent.destroyed).toBe(true);
  });

  it("that breaks off may be tried again", async () => {
    const stream = new PassThrough();
    const waiting = bindingTaken(stream, AbortSignal.timeout(60_000));
    stream.destroy(new Error("reset"));
    await expect(waiting).rejects.toMatchObject({ code: "provider_unavailable" });
  });
});
