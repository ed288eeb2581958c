import { formatPercent } from '../../rollout/describe-rollout.ts';
import { type HistoryEntry, readHistory } from '../../rollout/history.ts';
import { type Answer, refuse } from '../../text/answer.ts';
import { formatTime } from '../../text/format-time.ts';
import type { RolloutVerb } from '../command.ts';

const DEFAULT = 10;
const MOST = 50;

export const historyVerb: RolloutVerb = {
  verb: 'history',
  usage: 'history [n]',
  summary: `Shows the last changes (${DEFAULT}, at most ${MOST}): who, when, why, from what to what.`,
  needs: 'triage',
  isWrite: false,
  flags: [],
  examples: ['history', 'history 30'],
  run: async ({ db, words }) => {
    const [word] = words;
    const limit = word === undefined ? DEFAULT : /^\d{1,2}$/.test(word) ? Number(word) : 0;
    if (limit < 1 || limit > MOST) {
      return {
        ...refuse('not_understood', `Say how many: \`/rollout history <1–${MOST}>\`.`),
        quoted: word ?? '',
      };
    }
    const entries = await readHistory(db, limit);
    return {
      ok: true,
      reasonCode: 'history',
      headline:
        entries.length === 1
          ? 'The last change of the rollout'
          : `The last ${entries.length} changes of the rollout`,
      table: [],
      body: [],
      details: historyDetails(entries),
    };
  },
};

/** Entries as a folded table. Reasons are people's words. */
export function historyDetails(entries: readonly HistoryEntry[]): NonNullable<Answer['details']> {
  return {
    summary: entries.length === 1 ? 'Last change' : `Last ${entries.length} changes`,
    columns: ['#', 'when', 'action', 'percentage', 'version', 'by', 'from', 'why'],
    rows: entries.map((entry) => [
      String(entry.seq),
      formatTime(entry.at),
      entry.action,
      entry.before === null || entry.before === entry.after
        ? formatPercent(entry.after)
        : `${formatPercent(entry.before)} → ${formatPercent(entry.after)}`,
      `v${entry.version}, epoch ${entry.epoch}`,
      entry.by,
      entry.source,
      [entry.reasonCode, entry.reason].filter((part) => part !== null).join(': '),
    ]),
  };
}
