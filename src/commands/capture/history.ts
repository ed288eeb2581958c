import type { Database } from '../../store/database.ts';
import { type Answer, refuse } from '../../text/answer.ts';
import { formatTime } from '../../text/format-time.ts';
import type { CaptureContext, CaptureVerb } from '../command.ts';
import { planCapture } from './plan-capture.ts';

/** The whole history is asked for once in this time; what is under way or failed may be asked for again. */
const COOL_DOWN_MS = 24 * 3_600_000;

export const captureHistoryVerb: CaptureVerb = {
  verb: 'history',
  usage: 'history',
  summary: 'Captures the whole history of this repository; once in 24 hours.',
  needs: 'maintain',
  isWrite: true,
  flags: ['critical'],
  examples: ['history'],
  run: (context) =>
    planCapture(context, {
      what: 'the whole history',
      item: () => ({ type: 'history', items: [], range: {} }),
      refuse: (trx) => judgeCoolDown(trx, context),
    }),
};

async function judgeCoolDown(trx: Database, { repository, now }: CaptureContext): Promise<Answer | null> {
  const last = await trx
    .selectFrom('progressive_capture_jobs')
    .select(['id', 'status', 'created_at'])
    .where('repository_id', '=', repository.id)
    .where('job_type', '=', 'history')
    .where('target', '=', 'history')
    .where('reason', '=', 'manual')
    .where('status', 'in', ['queued', 'dispatched', 'running', 'completed'])
    .where('created_at', '>', new Date(now().getTime() - COOL_DOWN_MS))
    .orderBy('created_at', 'desc')
    .executeTakeFirst();
  if (!last) return null;
  return refuse(
    'history_cool_down',
    `The history was asked for less than 24 hours ago; that job is ${last.status}.`,
    `Again from ${formatTime(new Date(last.created_at.getTime() + COOL_DOWN_MS))} on. Until then: \`/capture recent\`, \`/capture pull <n…>\`, \`/capture verify\`.`,
    `Job \`${last.id}\`; how it goes: \`/capture status\``,
  );
}
