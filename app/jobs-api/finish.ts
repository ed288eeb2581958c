import type { Transaction } from 'kysely';
import type { z } from 'zod';
import type { ResponseTimes } from '../../src/budget/limits.ts';
import { endRun } from '../../src/jobs/runs.ts';
import { FinishRequest, type FinishResponse } from '../../src/jobs-api/protocol.ts';
import type { DB } from '../../src/store/database.generated.ts';
import type { Call } from './context.ts';
import { MAX_JSON_BYTES, readJsonBody, requireShape } from './read-json-body.ts';
import { RefusedError } from './refused-error.ts';
import { releaseRunShare } from './run-share.ts';
import { requireSession, type Session } from './session.ts';

/** A continuation may wait this long: GitHub's budgets are whole again within the hour. */
const LONGEST_WAIT_MS = 24 * 3_600_000;

/** `…/finish`: how the run ended. The same end twice gives the same answer and changes nothing. */
export const finish: Call = async (context, request): Promise<z.infer<typeof FinishResponse>> => {
  const { db, onChange } = context;
  await requireSession(context, db, request);
  const report = requireShape(FinishRequest, await readJsonBody(request.req, MAX_JSON_BYTES));
  const now = context.now();
  const continueAt = continueTime(report, now);

  const settled = await db.transaction().execute(async (trx) => {
    const session = await requireSession(context, trx, request, { isLocked: true });
    const ended = await endOnce(trx, session, report, { continueAt, now });
    await releaseRunShare(trx, context, session, usedBy(report));
    return ended;
  });
  if (!settled) throw new RefusedError('job_not_found', `There is no job ${request.jobId}. End this run.`);
  request.line.outcome = report.outcome;
  request.line.status = settled.status;
  // The run's place is free for other work; a continuation may have to wait.
  onChange();
  if (settled.notBefore !== null && settled.notBefore > now) onChange(settled.notBefore);
  return { status: settled.status };
};

async function endOnce(
  trx: Transaction<DB>,
  session: Session,
  { outcome, continueAt: _, error, ...result }: FinishRequest,
  { continueAt, now }: { continueAt: Date | null; now: Date },
): Promise<{ status: string; notBefore: Date | null } | null> {
  if (session.run.state === 'ended') return { status: statusAfter(session, outcome), notBefore: null };
  const { id: jobId } = session.job;
  return endRun(trx, { jobId, run: session.run.run, outcome, result, error, continueAt, now });
}

function usedBy({ graphqlMs, restMs }: FinishRequest): ResponseTimes | null {
  return graphqlMs === undefined || restMs === undefined ? null : { graphqlMs, restMs };
}

function continueTime(report: FinishRequest, now: Date): Date | null {
  if (report.outcome !== 'continue' || report.continueAt === null) return null;
  const continueAt = new Date(report.continueAt);
  if (continueAt.getTime() - now.getTime() <= LONGEST_WAIT_MS) return continueAt;
  throw new RefusedError(
    'invalid_body',
    `continueAt: ${report.continueAt} is more than 24 hours ahead. Name the time at which GitHub's budget is whole again.`,
  );
}

/** What the job became when this run ended, for a report that is sent again. */
function statusAfter({ job, run }: Session, outcome: FinishRequest['outcome']): string {
  if (job.status === 'cancelled') return job.status;
  if (run.conclusion !== outcome) {
    throw new RefusedError(
      'already_finished',
      `Run ${run.run} of job ${job.id} has already ended: ${run.conclusion}. Nothing was changed.`,
    );
  }
  // A run can only be followed by another when it left the job queued.
  return job.run === run.run ? job.status : 'queued';
}
