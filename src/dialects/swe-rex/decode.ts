import { DECODE_ERROR, LOOKUP_ERROR } from "./class-paths.ts";
import { Raised } from "./raised.ts";
import { textOf } from "./utf8.ts";

const knownErrors: readonly string[] = ["strict", "ignore", "replace", "backslashreplace"];

/** Bytes as Python's `Path.read_text` gives them, its line ends as `\n`. @throws Raised for an encoding that is not known, or does not fit */
export function decoded(bytes: Buffer, encoding = "utf-8", errors = "strict"): string {
  if (!knownErrors.includes(errors)) throw new Raised(LOOKUP_ERROR, `errors: ${JSON.stringify(errors)} is not known.`);
  return charactersOf(bytes, encoding, errors).replaceAll(/\r\n?/g, "\n");
}

function charactersOf(bytes: Buffer, encoding: string, errors: string): string {
  switch (encoding.toLowerCase().replaceAll("_", "-")) {
    case "utf-8":
    case "utf8":
      return fromUtf8(bytes, errors);
    case "ascii":
    case "us-ascii":
      return fromAscii(bytes, errors);
    case "latin-1":
    case "latin1":
    case "iso-8859-1":
      return bytes.toString("latin1");
    default:
      throw new Raised(
        LOOKUP_ERROR,
        `encoding: ${JSON.stringify(encoding)} is not offered; use utf-8, ascii or latin-1.`,
      );
  }
}

function fromUtf8(bytes: Buffer, errors: string): string {
  if (errors === "backslashreplace") return textOf(bytes);
  if (errors === "replace") return bytes.toString("utf8");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    if (errors === "strict") throw new Raised(DECODE_ERROR, "The file is not UTF-8 throughout.");
    return textOf(bytes, () => "");
  }
}

function fromAscii(bytes: Buffer, errors: string): string {
  return bytes.toString("latin1").replaceAll(/[\u0080-\u00ff]/g, (character) => {
    if (errors === "strict") throw new Raised(DECODE_ERROR, "The file is not ASCII throughout.");
    if (errors === "ignore") return "";
    return errors === "replace" ? "\ufffd" : `\\x${character.charCodeAt(0).toString(16)}`;
  });
}
