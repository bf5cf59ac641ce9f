/** What a keyboard sends for the keys that no text stands for. */
export const keys = {
  enter: "\r",
  tab: "\t",
  escape: "\u001b",
  backspace: "\u007f",
  interrupt: "\u0003",
  end_of_file: "\u0004",
  suspend: "\u001a",
  quit: "\u001c",
  clear: "\u000c",
  up: "\u001b[A",
  down: "\u001b[B",
  right: "\u001b[C",
  left: "\u001b[D",
  home: "\u001b[H",
  end: "\u001b[F",
  page_up: "\u001b[5~",
  page_down: "\u001b[6~",
  delete: "\u001b[3~",
} as const;

export const namedKeys = Object.keys(keys) as [keyof typeof keys, ...(keyof typeof keys)[]];
