const appeals = [
  /\b(?:graders?|judges?|evaluators?|reviewers?|assess(?:or|ment)s?|scor(?:er|ing)s?)\b[^.\n]{0,80}\b(?:full|maximum|max|perfect|highest|top|best|must|should|give|award|assign)\b/i,
  /\b(?:give|award|assign|return|output)\b[^.\n]{0,40}\b(?:full|maximum|max|perfect|highest|top)\b[^.\n]{0,20}\b(?:scores?|marks?|points?|grades?|ratings?|results?|reward)\b/i,
  /\b(?:ignore|disregard|forget|override)\b[^.\n]{0,40}\b(?:previous|prior|above|earlier|preceding|system|all)\b[^.\n]{0,40}\b(?:instructions?|prompts?|rubrics?|rules|messages?)\b/i,
  /["']result["']\s*:\s*-?\d/i,
  /\bresult\s*[:=]\s*(?:1(?:\.0+)?|10|100)\s*(?:$|\/)/im,
  /<\/?(?:verdict|score|grade|reward)>/i,
];

/** Whether a text speaks to its judge rather than to its reader. Told as a flag; it decides nothing. */
export const appealsToJudge = (sanitised: string): boolean => appeals.some((pattern) => pattern.test(sanitised));
