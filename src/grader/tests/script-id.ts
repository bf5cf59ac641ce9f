/** The file of an id of the form `file > suite > test`. */
export function fileOfScriptId(id: string): string | undefined {
  const end = id.indexOf(" > ");
  return end > 0 ? id.slice(0, end) : undefined;
}
