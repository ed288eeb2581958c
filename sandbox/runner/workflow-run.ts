import type { Actor, Repository } from '../world/model.ts';
import type { RunLog } from './run-log.ts';
import type { WorkflowFile } from './workflow-file.ts';

export type Conclusion =
  | 'success'
  | 'failure'
  | 'cancelled'
  | 'timed_out'
  | 'skipped'
  | 'neutral'
  | 'stale'
  | 'action_required'
  | 'startup_failure';

/** One attempt of a run. */
export interface RunAttempt {
  readonly attempt: number;
  status: 'queued' | 'in_progress' | 'completed';
  conclusion: Conclusion | null;
  readonly createdAt: string;
  startedAt: string;
  updatedAt: string;
  log: RunLog | null;
  outputs: Record<string, string>;
  summary: string;
  exitCode: number | null;
  /** Why the runner itself failed the run: a workflow file that it can't carry out, a time-out. */
  problem: string | null;
  pid: number | null;
}

export interface WorkflowRun {
  readonly id: number;
  readonly number: number;
  readonly repository: Repository;
  /** `.github/workflows/bulk-capture.yml` */
  readonly path: string;
  readonly workflowId: number;
  readonly file: WorkflowFile;
  readonly displayTitle: string;
  readonly ref: string;
  readonly sha: string;
  readonly event: 'workflow_dispatch' | 'schedule';
  readonly inputs: Readonly<Record<string, string>>;
  readonly actor: Actor;
  readonly attempts: RunAttempt[];
}

export function lastAttempt(run: WorkflowRun): RunAttempt {
  const attempt = run.attempts.at(-1);
  if (!attempt) throw new Error(`sandbox: run ${run.id} has no attempt`);
  return attempt;
}
