/** Why nothing more comes from a server: a phrase that goes on after its name. */
export class BrokenChannel extends Error {}
