/** Where a command runs; tests give their own. */
export interface Terminal {
  env: Readonly<Record<string, string | undefined>>;
  /** A result, to standard output. */
  print: (text: string) => void;
  /** What went wrong, or a hint, to standard error. */
  fail: (text: string) => void;
  /** What can be drawn on; null: standard output is a pipe or a file. */
  screen: Screen | null;
  /**
   * Listens from now on for Ctrl-C, SIGTERM, or a pipe that nobody reads any more: the signal is aborted then. A second Ctrl-C
   * ends the process at once.
   */
  listenForInterruption: () => AbortSignal;
}

/** A terminal window. Its size may change while a command goes on. */
export interface Screen {
  columns: () => number;
  rows: () => number;
  /** False also where NO_COLOR is set. */
  hasColors: boolean;
  write: (text: string) => void;
}

/** What the commands are given. */
export interface CommandTerminal extends Terminal {
  /** The command was carried out and its answer is no: exit code 1; or 3, a yes with warnings. */
  setFailed: (code?: 1 | 3) => void;
}

/** The terminal that the process runs in. */
export function openTerminal(): Terminal {
  const { stdout, stderr } = process;
  for (const stream of [stdout, stderr]) stream.on('error', ignoreClosedPipe);
  return {
    env: process.env,
    print: (text) => stdout.write(`${text}\n`),
    fail: (text) => stderr.write(`${text}\n`),
    screen:
      stdout.isTTY && process.env.TERM !== 'dumb'
        ? {
            columns: () => stdout.columns || 80,
            rows: () => stdout.rows || 24,
            hasColors: stdout.hasColors(),
            write: (text) => stdout.write(text),
          }
        : null,
    listenForInterruption() {
      const controller = new AbortController();
      const abort = () => controller.abort();
      process.once('SIGINT', abort);
      process.once('SIGTERM', abort);
      stdout.on('error', abort);
      return controller.signal;
    },
  };
}

/** Nobody reads any more (`| head`): what the command does goes on to its end, and what it says is for nobody. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
