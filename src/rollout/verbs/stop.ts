import { type CommandOutcome, refuse } from '../command-outcome.ts';
import type { RolloutVerb } from '../commands.ts';
import { FEATURE_NAME } from '../evaluate-enrolment.ts';
import { changeRollout } from '../rollout-store.ts';
import { formatPercent } from '../summarize-rollout.ts';

const RESUME = `Bulk work starts again after \`UPDATE rollout_configuration SET emergency_stop = false WHERE feature_name = '${FEATURE_NAME}';\``;

export const stopVerb: RolloutVerb = {
  verb: 'stop',
  usage: 'stop <reason>',
  summary: 'Emergency stop: no more work starts in GitHub Actions; all of it goes to Inngest.',
  needs: 'write',
  isWrite: true,
  examples: ['stop bulk runs fail since noon'],
  // No flags and no conditions: whatever stands after the verb is the reason, a stop is never refused for a typing error.
  run: async (args, { db, actor, source, environmentStop, refuseUnauthorised }) => {
    const reason = args.join(' ');
    if (reason === '') return refuse('reason_missing', 'A stop needs a reason: `/rollout stop <reason>`.');

    let refusal: CommandOutcome | null = null;
    const result = await changeRollout(db, {
      environmentStop,
      change: async () => {
        refusal = await refuseUnauthorised();
        return refusal ? null : { emergencyStop: true };
      },
      actor,
      source,
      action: 'emergency_stop',
      reason,
    });
    if (refusal) return refusal;
    if (result.status !== 'changed') {
      return {
        ok: true,
        reasonCode: 'already_stopped',
        headline: `${FEATURE_NAME} was stopped before; nothing was changed.`,
        table: [],
        body: [RESUME],
      };
    }
    const { after } = result;
    return {
      ok: true,
      reasonCode: 'stopped',
      headline: `${after.featureName} is stopped, v${after.version}, by ${actor.login}`,
      table: [
        ['Percentage', `${formatPercent(after.percentage)}, kept for the time after the stop`],
        ['Jobs in GitHub Actions', 'those that run go on to their end; nothing new starts there'],
      ],
      body: [RESUME],
      quoted: reason,
    };
  },
};
