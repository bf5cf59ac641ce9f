import { InvalidArgumentError } from "commander";

function wholeNumber(text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  return value;
}

export const seconds =
  (max: number) =>
  (text: string): number =>
    wholeNumber(text, 0, max);

export const count =
  (max: number) =>
  (text: string): number =>
    wholeNumber(text, 1, max);

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30m`, `12h` and `7d` ago, or a time of its own → ISO 8601 in UTC. */
export function time(text: string): string {
  const [, amount, unit = ""] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const at = amount === undefined ? Date.parse(text) : Date.now() - Number(amount) * (UNIT_MS[unit] ?? 0);
  if (Number.isNaN(at))
    throw new InvalidArgumentError("It must be a time, such as 2026-01-31T12:00:00Z, 30m, 12h or 7d.");
  return new Date(at).toISOString();
}

export const jsonObject = (text: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below, as for any other text that is no object.
  }
  throw new InvalidArgumentError("It must be a JSON object.");
};
