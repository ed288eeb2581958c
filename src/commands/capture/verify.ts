import type { CaptureVerb } from '../command.ts';
import { planCapture } from './plan-capture.ts';

export const verifyVerb: CaptureVerb = {
  verb: 'verify',
  usage: 'verify',
  summary: "Compares GitHub's own totals with what is stored here, and fetches what is missing.",
  needs: 'write',
  isWrite: true,
  flags: ['critical'],
  examples: ['verify'],
  run: (context) =>
    planCapture(context, { what: 'verification', item: () => ({ type: 'verify', items: [], range: {} }) }),
};
