import { describeCure, describeState, formatPercent, statusTable } from '../../rollout/describe-rollout.ts';
import { readHistory } from '../../rollout/history.ts';
import { readPicture } from '../../rollout/read-picture.ts';
import type { RolloutVerb } from '../command.ts';
import { pictureOptions } from './apply-change.ts';
import { historyDetails } from './history.ts';

const SHOWN_HISTORY = 5;

export const statusVerb: RolloutVerb = {
  verb: 'status',
  usage: 'status',
  summary: 'Shows where the rollout stands.',
  needs: 'triage',
  isWrite: false,
  flags: [],
  examples: ['status'],
  run: async (context) => {
    const picture = await readPicture(context.db, pictureOptions(context));
    const { rollout, tick, evidence } = picture;
    const cure = describeCure(evidence);
    const reason = rollout.state === 'held' ? (rollout.hold?.reason ?? null) : null;
    const quoted = cure ?? reason;
    return {
      ok: true,
      reasonCode: 'status',
      headline: `${rollout.featureName} is ${describeState(rollout)} at ${formatPercent(rollout.percentage)}, v${rollout.version}`,
      table: [...statusTable(picture), ['Next', `${tick.decision.text} (${tick.decision.code})`]],
      body: ['Everything that the next phase waits for: `/rollout monitor`'],
      ...(quoted === null ? {} : { quoted }),
      details: historyDetails(await readHistory(context.db, SHOWN_HISTORY)),
    };
  },
};
