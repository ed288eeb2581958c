import type { RolloutVerb } from '../command.ts';
import { renderHelp } from '../render-help.ts';

export const helpVerb: RolloutVerb = {
  verb: 'help',
  usage: 'help [verb]',
  summary: 'Shows the verbs, who may use them, and examples.',
  needs: 'read',
  isWrite: false,
  flags: [],
  examples: ['help', 'help set'],
  run: async ({ verbs, words, level }) =>
    renderHelp('rollout', { verbs, word: words[0] ?? null, level, where: 'the control repository' }),
};
