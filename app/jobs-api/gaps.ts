import { findGaps } from '../../src/destination/database.ts';
import { GapsRequest, type GapsResponse } from '../../src/jobs-api/protocol.ts';
import type { Call } from './context.ts';
import { readJsonBody, requireShape } from './read-json-body.ts';
import { requireRunningSession } from './session.ts';

/** Room for the counts of 1,000 pull requests. */
const MAX_GAPS_BYTES = 512 * 1024;

/** `…/gaps`: which pull requests lack rows, by GitHub's totals. */
export const gaps: Call = async (context, request): Promise<GapsResponse> => {
  const { job } = await requireRunningSession(context, context.db, request);
  const { counts } = requireShape(GapsRequest, await readJsonBody(request.req, MAX_GAPS_BYTES));
  return findGaps(context.db, { repositoryId: job.repository_id, counts });
};
