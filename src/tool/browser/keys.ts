/** As the driver names the keys that no text stands for. */
export const keys = {
  enter: "Enter",
  tab: "Tab",
  escape: "Escape",
  backspace: "Backspace",
  delete: "Delete",
  space: "Space",
  up: "ArrowUp",
  down: "ArrowDown",
  left: "ArrowLeft",
  right: "ArrowRight",
  home: "Home",
  end: "End",
  page_up: "PageUp",
  page_down: "PageDown",
  select_all: "Control+a",
} as const;

export const namedKeys = Object.keys(keys) as [keyof typeof keys, ...(keyof typeof keys)[]];
