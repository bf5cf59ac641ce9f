/**
 * A text as words that can be compared: lower case, one spelling of quotes, dashes and numbers, a number apart from its unit, code identifiers
 * whole, no mark-up and no punctuation around words. A minus sign is a word: -5 and 5 are different numbers.
 */
export function wordsOf(text: string): string[] {
  const plain = text
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[\u2018\u2019\u02bc]/g, "'")
    .replaceAll(/(?<![^\s(*_~`"'])[-\u2212](?=[\p{Sc}.]?\d)/gu, "minus ")
    .replaceAll(/[\u2010-\u2015\u2212]/g, "-")
    .replaceAll(/\b(can|wo|do|does|did|is|are|was|were|has|have|had|should|would|could|must)n't\b/g, "$1 not")
    .replaceAll(/(?<=\d)[,_' ](?=\d{3}(?!\d))/g, "")
    .replaceAll(/(?<![\p{L}\p{N}_.])(\d+(?:\.\d+)?)(?=[\p{L}%\u00b5\u00b0])/gu, "$1 ")
    .replaceAll("%", " percent ");
  const words = plain.match(/[\p{L}\p{N}_$@]+(?:(?:[.:/+#'-]|::|->)[\p{L}\p{N}_$@]+)*(?:\+\+|#)?/gu) ?? [];
  return words.map((word) => (/^\d+\.\d+$/.test(word) ? String(Number(word)) : word));
}
