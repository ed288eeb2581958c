import { refuse } from '../../text/answer.ts';
import type { CaptureVerb } from '../command.ts';
import { planCapture } from './plan-capture.ts';

/** A longer list is the history. */
const MOST = 500;
const LARGEST = 2 ** 31 - 1;

export const pullVerb: CaptureVerb = {
  verb: 'pull',
  usage: 'pull <n…>',
  summary:
    'Captures these pull requests with everything in them; in a pull request, without a number, that one.',
  needs: 'write',
  isWrite: true,
  flags: ['critical'],
  examples: ['pull 12', 'pull 12 15 20-29', 'pull'],
  run: async (context) => {
    const { words, issue } = context;
    const numbers = words.length === 0 && issue.isPullRequest ? [issue.number] : readNumbers(words);
    if (typeof numbers === 'string') return { ...refuse('not_understood', numbers), quoted: words.join(' ') };
    return planCapture(context, {
      what: numbers.length === 1 ? `pull request ${numbers[0]}` : `${numbers.length} pull requests`,
      item: () => ({ type: 'pull_requests', items: numbers, range: {} }),
    });
  },
};

/** Numbers such as `12`, `#12`, `12,13` and `20-29`, ascending and each once; or what is wrong. */
function readNumbers(words: readonly string[]): number[] | string {
  const numbers = new Set<number>();
  for (const part of words.flatMap((word) => word.split(',')).filter((text) => text !== '')) {
    const match = /^#?(\d{1,10})(?:-#?(\d{1,10}))?$/.exec(part);
    const first = Number(match?.[1] ?? 0);
    const last = Number(match?.[2] ?? first);
    if (first < 1 || last < first || last > LARGEST) {
      return 'Name pull requests by their numbers: `/capture pull 12 15 20-29`.';
    }
    if (numbers.size + (last - first + 1) > MOST) {
      return `At most ${MOST} can be named; \`/capture history\` captures all.`;
    }
    for (let number = first; number <= last; number++) numbers.add(number);
  }
  if (numbers.size === 0) return 'Name pull requests by their numbers: `/capture pull 12 15 20-29`.';
  return [...numbers].sort((a, b) => a - b);
}
