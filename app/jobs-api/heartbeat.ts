import type { z } from 'zod';
import { heartbeat as renewLease } from '../../src/jobs/runs.ts';
import { HeartbeatRequest, type HeartbeatResponse } from '../../src/jobs-api/protocol.ts';
import type { Call } from './context.ts';
import { MAX_JSON_BYTES, readJsonBody, requireShape } from './read-json-body.ts';
import { RefusedError } from './refused-error.ts';
import { grantRunShare } from './run-share.ts';
import { leaseOf, requireRunningSession } from './session.ts';

/** `…/heartbeat`: renews the lease and the share of the budget; `stop` once the job is cancelled. */
export const heartbeat: Call = async (context, request): Promise<z.infer<typeof HeartbeatResponse>> => {
  const { db, now } = context;
  try {
    const session = await requireRunningSession(context, db, request);
    const { progress } = requireShape(HeartbeatRequest, await readJsonBody(request.req, MAX_JSON_BYTES));
    return await db.transaction().execute(async (trx) => {
      const next = await renewLease(trx, { ...leaseOf(session, now()), progress });
      return next === 'stop'
        ? { next }
        : { next, budget: await grantRunShare(trx, context, session, progress) };
    });
  } catch (error) {
    // Not a refusal to the runner: it asks whether to go on, and this is the answer.
    if (error instanceof RefusedError && error.code === 'cancelled') return { next: 'stop' };
    throw error;
  }
};
