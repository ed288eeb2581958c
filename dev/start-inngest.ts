import { setTimeout as wait } from 'node:timers/promises';
import { type Child, startChild } from './child.ts';

/** The version that the end-to-end tests run against. */
const CLI = 'inngest-cli@1.45.1';
/** npx may have to fetch it first. */
const PATIENCE_MS = 120_000;

/**
 * Starts Inngest's dev server and waits until it answers.
 * @param port TCP port on 127.0.0.1
 * @returns null where it can't be had; it has said why
 */
export async function startInngest(
  env: Readonly<Record<string, string | undefined>>,
  { port, serveUrl, print }: { port: number; serveUrl: string; print: (line: string) => void },
): Promise<(Child & { url: string }) | null> {
  const program = env.INNGEST_BIN ? [env.INNGEST_BIN] : ['npx', '--yes', CLI];
  const args = ['dev', '--no-discovery', '--host', '127.0.0.1', '--port', String(port), '-u', serveUrl];
  const child = startChild('inngest', [...program, ...args], { ...env, DO_NOT_TRACK: '1' }, print);
  const url = `http://127.0.0.1:${port}`;
  let isGone = false;
  void child.ended.then(() => {
    isGone = true;
  });
  for (const startedAt = Date.now(); !isGone && Date.now() - startedAt < PATIENCE_MS; ) {
    const response = await fetch(`${url}/health`).catch(() => null);
    if (response?.ok) return { ...child, url };
    await wait(100);
  }
  child.stop();
  return null;
}
