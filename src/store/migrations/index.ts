import * as initial from './0001-initial.ts';
import * as bulkCapture from './0002-bulk-capture.ts';
import * as budgetGrants from './0003-budget-grants.ts';
import * as loops from './0004-loops.ts';
import * as rollout from './0005-rollout.ts';
import * as safetyLoops from './0006-safety-loops.ts';
import * as monitor from './0007-monitor.ts';
import * as purges from './0008-purges.ts';
import * as runBilling from './0009-run-billing.ts';
import * as deliveriesByRepository from './0010-deliveries-by-repository.ts';
import * as alarmNotices from './0011-alarm-notices.ts';
import * as workflowRunIndex from './0012-workflow-run-index.ts';
import * as runPauses from './0013-run-pauses.ts';
import * as silence from './0014-silence.ts';
import * as queueIndexes from './0015-queue-indexes.ts';

export interface Migration {
  name: string;
  sql: string;
}

/** All migrations in their order. A static list, since the Action's bundle has no folder to read. */
export const MIGRATIONS: readonly Migration[] = [
  { name: '0001-initial', sql: initial.sql },
  { name: '0002-bulk-capture', sql: bulkCapture.sql },
  { name: '0003-budget-grants', sql: budgetGrants.sql },
  { name: '0004-loops', sql: loops.sql },
  { name: '0005-rollout', sql: rollout.sql },
  { name: '0006-safety-loops', sql: safetyLoops.sql },
  { name: '0007-monitor', sql: monitor.sql },
  { name: '0008-purges', sql: purges.sql },
  { name: '0009-run-billing', sql: runBilling.sql },
  { name: '0010-deliveries-by-repository', sql: deliveriesByRepository.sql },
  { name: '0011-alarm-notices', sql: alarmNotices.sql },
  { name: '0012-workflow-run-index', sql: workflowRunIndex.sql },
  { name: '0013-run-pauses', sql: runPauses.sql },
  { name: '0014-silence', sql: silence.sql },
  { name: '0015-queue-indexes', sql: queueIndexes.sql },
];
