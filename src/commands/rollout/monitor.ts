import { describeCure, describeGate, formatPercent, statusTable } from '../../rollout/describe-rollout.ts';
import { nextPhase } from '../../rollout/phases.ts';
import { readPicture } from '../../rollout/read-picture.ts';
import type { RolloutVerb } from '../command.ts';
import { pictureOptions } from './apply-change.ts';

export const monitorVerb: RolloutVerb = {
  verb: 'monitor',
  usage: 'monitor',
  summary: 'Shows the gates of the next phase, and what is missing.',
  needs: 'triage',
  isWrite: false,
  flags: [],
  examples: ['monitor'],
  run: async (context) => {
    const picture = await readPicture(context.db, pictureOptions(context));
    const { rollout, tick, evidence } = picture;
    const closed = tick.gates.filter(({ isOpen }) => !isOpen);
    const next = nextPhase(rollout);
    const target = next === null ? 'completion' : formatPercent(next);
    const cure = describeCure(evidence);
    const isGoing = ['running', 'held'].includes(rollout.state) && !rollout.emergencyStop;
    return {
      ok: true,
      reasonCode: tick.decision.code,
      headline: !isGoing
        ? `${rollout.featureName}: ${tick.decision.text}`
        : closed.length === 0
          ? `${rollout.featureName}: all gates to ${target} are open`
          : `${rollout.featureName}: ${closed.length} of ${tick.gates.length} gates to ${target} are closed`,
      table: [
        ...tick.gates.map((gate) => [gate.label, describeGate(gate)] as const),
        ...statusTable(picture).filter(
          ([label]) => label.startsWith('Verdict') || label === 'Health' || label === 'Version',
        ),
      ],
      body: ['maintain', 'admin', null].flatMap((level) => {
        const codes = closed.filter(({ override }) => override === level).map(({ code }) => `\`${code}\``);
        if (codes.length === 0) return [];
        return level === null
          ? [`Nobody passes over ${codes.join(', ')}.`]
          : [`${level} may pass over ${codes.join(', ')}: \`/rollout advance --force --reason "…"\``];
      }),
      ...(cure === null ? {} : { quoted: cure }),
    };
  },
};
