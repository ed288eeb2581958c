import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Measured, MeasureMessage, MeasureTask } from './process/measure.ts';

const PROCESS = fileURLToPath(new URL('process/measure.ts', import.meta.url));

/**
 * Measures a client against a local GitHub, both in one process of their own in which nobody waits (skip-waits.ts).
 * @throws Error with what went wrong there
 */
export async function measureInProcess(
  task: MeasureTask,
  onProgress: (done: number) => void,
): Promise<Measured> {
  const child = fork(PROCESS, [JSON.stringify(task)]);
  let measured: Measured | undefined;
  let failure: string | undefined;
  child.on('message', (message: MeasureMessage) => {
    if (message.kind === 'progress') onProgress(message.done);
    else if (message.kind === 'end') measured = message.measured;
    else failure = message.message;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (measured === undefined) {
    throw new Error(`the ${task.client} client: ${failure ?? `its process ended with exit code ${code}`}`);
  }
  return measured;
}
