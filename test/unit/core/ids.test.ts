import { describe, expect, it } from "vitest";
import { normaliseRolloutId } from "../../../src/core/ids.ts";

describe("a rollout id", () => {
  const uuid = "0f8fad5b-d9cb-469f-a165-70867728950e";

  it.each([
    ["bare", uuid],
    ["without dashes", uuid.replaceAll("-", "")],
    ["prefixed", `trace_${uuid.replaceAll("-", "")}`],
    ["in upper case", uuid.toUpperCase()],
  ])("is read when it comes %s", (_form, text) => {
    expect(normaliseRolloutId(text)).toBe(uuid);
  });

  it.each(["", "trace_", `${uuid}0`, `${uuid} `, "0f8fad5b-d9cb-469f-a165-70867728950g"])(
    "is refused when it is %j",
    (text) => {
      expect(normaliseRolloutId(text)).toBeUndefined();
    },
  );
});
