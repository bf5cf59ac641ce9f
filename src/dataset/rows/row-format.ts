/** A row of a dataset, read as far as its format goes. */
export interface RowTask {
  /** The name of its environment. */
  readonly id: string;
  readonly image: string;
  /** Where the repository lies in the image. */
  readonly workdir: string;
  /** `owner/name` or a URL; undefined when nothing of it is needed beside the image. */
  readonly repo: string | undefined;
  readonly commit: string | undefined;
  /** A diff of the tests that decide. */
  readonly testPatch: string | undefined;
  /** Hidden files that the row has in full. */
  readonly files: readonly { readonly path: string; readonly content: string }[];
  readonly solution: string | undefined;
  readonly prompt: string;
  /** Shell commands that make the image's tree what the policy starts from. */
  readonly setup: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Without the test files. */
  readonly command: string;
  readonly failToPass: readonly string[];
  readonly passToPass: readonly string[];
}

export type Row = Readonly<Record<string, unknown>>;

/** Templates that stand in for what rows lack or name otherwise. `{instance_id}`, `{repo}` and `{version}` are filled in. */
export interface RowOptions {
  readonly image: string | undefined;
  readonly command: string | undefined;
}

export interface RowFormat {
  readonly name: string;
  matches(row: Row): boolean;
  /** @throws Unusable */
  read(row: Row, options: RowOptions): RowTask;
}
