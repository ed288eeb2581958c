import type { RunningSandbox } from '../sandbox/github.ts';

/** Environment of a Node process whose time runs with the local GitHub's clock. */
export function fastTime(
  { clock }: Pick<RunningSandbox, 'clock'>,
  preloads: readonly Preload[] = [],
): Record<string, string> {
  const { startedAt, speed } = clock;
  const urls = ['fast-time' as const, ...preloads].map(preloadUrl);
  return {
    NODE_OPTIONS: urls.map((url) => `--import ${url}`).join(' '),
    BENCH_CLOCK: JSON.stringify({ startedAt, speed }),
  };
}

type Preload = 'fast-time' | 'peak-memory' | 'loaded-files';

export const preloadUrl = (name: Preload): string => new URL(`process/${name}.mjs`, import.meta.url).href;
