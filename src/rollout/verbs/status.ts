import type { RolloutVerb } from '../commands.ts';
import { readRollout } from '../rollout-store.ts';
import { describeState, formatPercent, statusTable, summarizeRollout } from '../summarize-rollout.ts';

export const statusVerb: RolloutVerb = {
  verb: 'status',
  usage: 'status',
  summary: 'Shows where the rollout stands.',
  needs: 'triage',
  isWrite: false,
  examples: ['status'],
  run: async (_, { db, environmentStop }) => {
    const rollout = await readRollout(db, { environmentStop });
    const summary = await summarizeRollout(db, rollout);
    return {
      ok: true,
      reasonCode: 'status',
      headline: `${rollout.featureName} is ${describeState(rollout)} at ${formatPercent(rollout.percentage)}, v${rollout.version}`,
      table: statusTable(rollout, summary),
      body: [],
    };
  },
};
