import type { JobLog } from '../jobs/job-log.ts';
import { runGuard } from '../rollout/guard/run-guard.ts';
import type { Database } from '../store/database.ts';
import type { Loop } from './loop.ts';

export interface GuardLoopOptions {
  db: Database;
  environmentStop: boolean;
  maxActionsMinutes: number | null;
  log: JobLog;
  /** Tells people what was changed by itself; resolves to how many notices went out. */
  sendNotices: () => Promise<number>;
  /** The rollout has changed: what waits is routed again. */
  onChanged: () => void;
}

/** Jobs of a bulk run take minutes, and a look costs some indexed counts. */
const INTERVAL_MS = 30_000;

/** Looks at the outcomes of the rollout's jobs, does what follows, and tells people of it. */
export function createGuardLoop({ db, log, sendNotices, onChanged, ...settings }: GuardLoopOptions): Loop {
  return {
    name: 'guard',
    intervalMs: INTERVAL_MS,
    async pass({ now, write, signal }) {
      const report = await runGuard(db, { ...settings, now, write });
      const { decision, health, version, error } = report;
      const line = { stage: 'guard', health, decision: decision.kind, reason: decision.code, version };
      if (error)
        log.error({ ...line, err: error }, 'The guard could not read what it goes by; nothing goes on.');
      if (report.isApplied) {
        onChanged();
        const isBad = decision.kind === 'rollback' || decision.kind === 'hold';
        log[isBad ? 'warn' : 'info'](line, `The guard has changed the rollout: ${decision.kind}.`);
      }
      signal.throwIfAborted();
      const notices = await sendNotices();
      return {
        health,
        decision: decision.kind,
        reason: decision.code,
        changed: report.isApplied ? 1 : 0,
        notices,
      };
    },
  };
}
