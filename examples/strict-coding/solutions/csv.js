/** The fields of one line. A field in quotes may hold commas, and "" for a quote. */
export function csvFields(line) {
  const fields = [];
  const field = /(?:"((?:[^"]|"")*)"|([^,]*))(,|$)/y;
  for (let end = ","; end === ",";) {
    const [, quoted, plain, separator] = field.exec(line);
    fields.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    end = separator;
  }
  return fields;
}
