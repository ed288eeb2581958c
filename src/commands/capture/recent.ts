import type { CaptureVerb } from '../command.ts';
import { planCapture } from './plan-capture.ts';

export const recentVerb: CaptureVerb = {
  verb: 'recent',
  usage: 'recent',
  summary: 'Captures what changed here in the last 24 hours.',
  needs: 'write',
  isWrite: true,
  flags: ['critical'],
  examples: ['recent', 'recent --critical'],
  run: (context) =>
    planCapture(context, {
      what: 'the last 24 hours',
      item: (now) => ({
        type: 'history',
        items: [],
        range: { since: new Date(now.getTime() - 86_400_000) },
      }),
    }),
};
