import { expect, test } from "vitest";
import { BerthError } from "../../../../src/core/errors.ts";
import { readOutput } from "../../../../src/tool/shell/read-output.ts";
import { callTool } from "../../../support/tool-call.ts";
import { TreeGuest } from "../../../support/tree-guest.ts";

function guestWith(page: string, totalBytes: number, spooledBytes = totalBytes): TreeGuest {
  const guest = new TreeGuest();
  guest.onOutput = async () => ({ bytes: Buffer.from(page), totalBytes, spooledBytes });
  return guest;
}

test("a page says where the next one starts", async () => {
  const result = await callTool(readOutput, guestWith("abc", 10), { call_id: "c", offset: 2 });
  expect(result.output).toBe("abc\n[bytes 2 to 5 of 10 of stdout; next page: offset 5]\n");
  expect(result).toMatchObject({ truncated: true, data: { end_offset: 5 } });
});

test("the last page says that it is the last", async () => {
  const result = await callTool(readOutput, guestWith("c\n", 10), { call_id: "c", offset: 8, stream: "stderr" });
  expect(result.output).toBe("c\n[bytes 8 to 10 of 10 of stderr, the end]\n");
});

test("what the guest did not keep is said", async () => {
  const result = await callTool(readOutput, guestWith("c", 100, 9), { call_id: "c", offset: 8 });
  expect(result.output).toContain("only the first 9 bytes were kept");
});

test("an unknown call id is answered", async () => {
  const guest = new TreeGuest();
  guest.onOutput = () => Promise.reject(new BerthError("invalid_arguments", "No call x."));
  expect((await callTool(readOutput, guest, { call_id: "x" })).error?.code).toBe("invalid_arguments");
});

test("pages do not cut characters, and always make progress", async () => {
  const stored = Buffer.from("a😀ü€" + "\u0001".repeat(3) + "😀");
  const guest = new TreeGuest();
  guest.onOutput = async (_call, _stream, { offset, limit }) => {
    const bytes = stored.subarray(offset, offset + limit);
    return { bytes, totalBytes: stored.length, spooledBytes: stored.length };
  };
  let [offset, text] = [0, ""];
  while (offset < stored.length) {
    const { output, data } = await callTool(readOutput, guest, { call_id: "c", offset, limit: 5 });
    text += output.replace(/\n?\[bytes .*\n$/, "");
    expect(Number(data?.["end_offset"])).toBeGreaterThan(offset);
    offset = Number(data?.["end_offset"]);
  }
  expect(text).toBe(stored.toString());
});
