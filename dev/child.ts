import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Child {
  /** Resolves when it has ended. */
  ended: Promise<{ code: number | null }>;
  stop(): void;
}

/** Starts a process whose lines appear here with its name before them. */
export function startChild(
  name: string,
  [command = '', ...args]: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  print: (line: string) => void,
): Child {
  // A group of its own: what npx starts ends with it.
  const child: ChildProcess = spawn(command, args, {
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on('line', (line) => print(`${name.padEnd(7)} | ${line}`));
  }
  const ended = new Promise<{ code: number | null }>((resolve) => {
    child.once('error', (error) => {
      print(`${name.padEnd(7)} | ${error.message}`);
      resolve({ code: 1 });
    });
    child.once('close', (code) => resolve({ code }));
  });
  return {
    ended,
    stop() {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      try {
        process.kill(-child.pid, 'SIGTERM');
      } catch {
        // It has ended meanwhile.
      }
    },
  };
}
