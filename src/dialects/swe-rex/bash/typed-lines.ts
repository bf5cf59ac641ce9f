/** A terminal gives a program no longer line than 4095 bytes; this much of a command is in each. */
const pieceCharacters = 3_000;

const SEPARATOR = "\u001e";

/** Marks that no output has by chance, and that no command can know before it runs: `nonce` is 32 hexadecimal digits, new for each. */
export const beginMark = (nonce: string): string => `${SEPARATOR}${nonce}${SEPARATOR}`;
/** The exit code and another separator follow. */
export const endMark = (nonce: string): string => `${SEPARATOR}${nonce}:`;
/** The prompt of a session. */
export const promptMark = (secret: string): string => `${SEPARATOR}${secret}>`;
/** The exit code behind an end mark. */
export const exitCodeOf = new RegExp(`^(\\d{1,3})${SEPARATOR}`);
/** Any begin or end of a command, whosever nonce. */
export const anyMark = new RegExp(`${SEPARATOR}[0-9a-f]{32}(?:${SEPARATOR}|:\\d{1,3}${SEPARATOR})`, "g");

const names: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "'": "\\'", "\\": "\\\\" };

/** The bytes of a text as bash reads them between $' and ', each of them as it is: nothing of them is a key to a terminal. */
function escaped(text: string): string[] {
  return [...Buffer.from(text, "utf8")].map((byte) => {
    const character = String.fromCharCode(byte);
    const plain = byte >= 0x20 && byte < 0x7f;
    return names[character] ?? (plain ? character : `\\x${byte.toString(16).padStart(2, "0")}`);
  });
}

function piecesOf(text: string): string[] {
  const pieces: string[] = [""];
  for (const one of escaped(text)) {
    const last = pieces.at(-1) ?? "";
    if (last.length + one.length > pieceCharacters) pieces.push(one);
    else pieces[pieces.length - 1] = last + one;
  }
  return pieces;
}

/** In two words, so that a terminal which echoes what is typed shows no mark. */
const halves = (word: string): string => `'${word.slice(0, 16)}' '${word.slice(16)}'`;

/** What is typed so that the session's shell runs a command between its two marks, the second with the exit code. */
export function commandLines(command: string, nonce: string): string {
  const [first = "", ...more] = piecesOf(command);
  return [
    `__berth_c=$'${first}'`,
    ...more.map((piece) => `__berth_c+=$'${piece}'`),
    `printf '\\036%s%s\\036' ${halves(nonce)}; eval "unset __berth_c; $__berth_c"; printf '\\036%s%s:%s\\036' ${halves(nonce)} "$?"`,
  ].join("\n");
}

const quoted = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** Makes a shell say nothing but what commands write, and its prompt known. */
export const settingUp = (secret: string, sources: readonly string[] = []): string =>
  [
    "stty -echo",
    "set +o histexpand +o history",
    ...sources.map((path) => `source ${quoted(path)}`),
    `PROMPT_COMMAND= PS0= PS2= PS1=$'\\036'${halves(secret).replace(" ", "")}'>'`,
  ].join("; ");
