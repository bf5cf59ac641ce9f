/** The fields of one line. A field in quotes may hold commas, and "" for a quote. */
export function csvFields(line) {
  return line.split(",").map((field) => field.replace(/^"|"$/g, ""));
}
