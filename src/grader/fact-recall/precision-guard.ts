/** What of the recall an answer keeps, 0 to 1: less when it is longer than its facts need, and when it contradicts them. */
export function precisionGuard({
  characters,
  allowedCharacters,
  contained,
  contradicted,
}: {
  readonly characters: number;
  readonly allowedCharacters: number;
  readonly contained: number;
  readonly contradicted: number;
}): number {
  const brevity = characters <= allowedCharacters ? 1 : allowedCharacters / characters;
  const consistency = contained + contradicted === 0 ? 1 : contained / (contained + contradicted);
  return brevity * consistency;
}
