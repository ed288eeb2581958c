import type { CaptureVerb } from '../command.ts';
import { renderHelp } from '../render-help.ts';

export const captureHelpVerb: CaptureVerb = {
  verb: 'help',
  usage: 'help [verb]',
  summary: 'Shows the verbs, who may use them, and examples.',
  needs: 'read',
  isWrite: false,
  flags: [],
  examples: ['help', 'help pull'],
  run: async ({ verbs, words, level }) =>
    renderHelp('capture', { verbs, word: words[0] ?? null, level, where: 'this repository' }),
};
