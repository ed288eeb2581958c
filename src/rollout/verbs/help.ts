import type { RolloutVerb } from '../commands.ts';

export const helpVerb: RolloutVerb = {
  verb: 'help',
  usage: 'help [verb]',
  summary: 'Shows the verbs, who may use them, and examples.',
  needs: 'read',
  isWrite: false,
  examples: ['help', 'help include'],
  run: async (args, { verbs }) => {
    const asked = verbs.find(({ verb }) => verb === args[0]?.toLowerCase());
    if (asked) {
      return {
        ok: true,
        reasonCode: 'help',
        headline: asked.summary,
        table: [
          ['Usage', `\`/rollout ${asked.usage}\``],
          ['Needs', `${asked.needs} permission in the control repository`],
          ['Examples', asked.examples.map((example) => `\`/rollout ${example}\``).join(', ')],
        ],
        body: [],
      };
    }
    return {
      ok: true,
      reasonCode: 'help',
      headline: 'Verbs of the rollout, and the permission in the control repository that each needs',
      table: verbs.map(
        ({ usage, summary, needs }) => [`\`/rollout ${usage}\``, `${summary} (${needs})`] as const,
      ),
      body: [],
    };
  },
};
