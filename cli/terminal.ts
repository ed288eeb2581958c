/** Where a command runs; tests give their own. */
export interface Terminal {
  env: Readonly<Record<string, string | undefined>>;
  /** A result, to standard output. */
  print: (text: string) => void;
  /** What went wrong, to standard error. */
  fail: (text: string) => void;
}

/** What the commands are given. */
export interface CommandTerminal extends Terminal {
  /** The command was carried out and its answer is no: exit code 1; or 3, a yes with warnings. */
  setFailed: (code?: 1 | 3) => void;
}
