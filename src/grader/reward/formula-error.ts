/** Why a text is no formula. `position` counts its characters from 0. */
export class FormulaError extends Error {
  readonly position: number;

  constructor(message: string, position: number) {
    super(`${message} (at character ${position + 1})`);
    this.name = "FormulaError";
    this.position = position;
  }
}
