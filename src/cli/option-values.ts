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
