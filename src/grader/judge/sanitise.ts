/** What a judge is shown of a text that the policy wrote, and what was taken out of it. */
export interface Sanitised {
  readonly text: string;
  readonly removed: {
    /** Terminal sequences and control characters. */
    readonly control: number;
    /** Characters that nobody sees, and those that turn the direction of writing. */
    readonly invisible: number;
    /** Lines that look like the delimiters of a question, and the marks with which models tell speakers apart. */
    readonly delimiters: number;
  };
}

// oxlint-disable-next-line no-control-regex
const terminal = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;
/** Emoji are joined and coloured by two of these; they go, and are not counted. */
const joiners = /(?<=\p{Extended_Pictographic}\p{M}{0,4})(?:\u200d|\ufe0e|\ufe0f)/gu;
const invisible = /[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Co}\u2800]/gu;
const marks = /(\p{M}{4})\p{M}+/gu;
const speakerMark = /<\|[^|<>\n]{0,64}\|>|\[\/?(?:INST|SYS)\]|<<\/?SYS>>|<\/?s>|<(?:start|end)_of_turn>/gi;
const angle = "[<\u02c2\u1438\u2039\u2329\u276e\u27e8\u3008\u00ab\u226a\u227a]";
const delimiterLine = new RegExp(`${angle}\\s{0,8}[/\\u2044\\u2215]?\\s{0,8}untrusted`, "iu");

/** Takes out of a text what could make a judge read it as anything but a text. Line breaks become `\n`. */
export function sanitise(raw: string): Sanitised {
  const removed = { control: 0, invisible: 0, delimiters: 0 };
  const take = (text: string, what: keyof typeof removed, pattern: RegExp, instead: string) =>
    text.replace(pattern, () => {
      removed[what] += 1;
      return instead;
    });
  let text = raw.toWellFormed().replaceAll(/\r\n?|[\u2028\u2029\u0085]/g, "\n");
  text = take(text, "control", terminal, "");
  text = take(text, "control", control, "");
  text = text.replaceAll(marks, "$1").replaceAll(joiners, "");
  text = take(text, "invisible", invisible, "");
  text = text.replaceAll(/\p{Zs}/gu, " ");
  text = take(text, "delimiters", speakerMark, "[mark removed]");
  text = text
    .split("\n")
    .map((line) => {
      if (!delimiterLine.test(line.normalize("NFKC"))) return line;
      removed.delimiters += 1;
      return "[line removed: it looked like a delimiter]";
    })
    .join("\n");
  return { text, removed };
}
