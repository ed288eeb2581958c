import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Memory {
  /** Bytes. */
  rss: number;
  /** Bytes that are in use after a collection. */
  heap: number;
}

export interface MeasuredServer {
  url: string;
  memory(): Promise<Memory>;
  stop(): Promise<void>;
}

/** Starts one of the servers beside this file, and resolves when it listens. */
export async function startProcess(file: string, env: Record<string, string>): Promise<MeasuredServer> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), {
    env: { PATH: process.env.PATH ?? '', ...env },
    execArgv: ['--expose-gc'],
    // Its log lines are written, and read by nobody.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const { url } = (await answerOf(child)) as { url: string };
  return {
    url,
    async memory() {
      const answer = answerOf(child);
      child.send('memory');
      return (await answer) as Memory;
    },
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`a server ended with ${code}`);
  });
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [unknown];
  return message;
}
