import type { Job, JobRun, Worker } from '../jobs/job.ts';

/** A job on its way, with what a dispatcher tells of its repository. */
export type DueJob = Job & { repository: { fullName: string; isPrivate: boolean } };

export interface Sent {
  workflowRunId?: number;
  inngestEventId?: string;
}

/** Hands runs of jobs to whoever carries them out. Sending the same run twice must start it once. */
export interface Dispatcher {
  name: Worker;
  /** Milliseconds that a sent run may take to begin, before it is asked after or given up. */
  leaseMs: number;
  /** How many more runs it takes now; absent: any number. */
  capacity?: () => Promise<number>;
  /** @throws DispatchError */
  dispatch: (job: DueJob, run: number) => Promise<Sent>;
  /** Milliseconds more for a run that was sent and has not begun, or null: it will not begin. */
  extendLease?: (job: Job, run: JobRun) => Promise<number | null>;
  /** Ends a workflow run that carries out nothing any more; one that has ended is no error. */
  cancel?: (workflowRunId: number) => Promise<void>;
}

/** A run could not be sent. */
export class DispatchError extends Error {
  override name = 'DispatchError';
  readonly code: string;
  /** True: it would be refused again until somebody does what `cure` says. False: it is tried again. */
  readonly isBlocked: boolean;
  readonly cure: string;

  constructor(code: string, message: string, options: { isBlocked: boolean; cure: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.code = code;
    this.isBlocked = options.isBlocked;
    this.cure = options.cure;
  }
}
