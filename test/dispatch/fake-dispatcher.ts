import { DispatchError, type Dispatcher, type Sent } from '../../src/dispatch/dispatcher.ts';

export interface FakeDispatcher extends Dispatcher {
  /** What was sent, in order: repository, target and run. */
  sent: string[];
  /** Workflow runs that were cancelled. */
  cancelled: number[];
  /** Thrown by every dispatch while set. */
  error: DispatchError | null;
}

/** Takes every run that it is given and carries none out. */
export function createFakeDispatcher(
  name: Dispatcher['name'],
  options: { room?: () => number; answer?: () => Sent } = {},
): FakeDispatcher {
  const { room, answer = () => ({}) } = options;
  const fake: FakeDispatcher = {
    name,
    leaseMs: 60_000,
    sent: [],
    cancelled: [],
    error: null,
    ...(room ? { capacity: async () => room() } : {}),
    async cancel(workflowRunId) {
      fake.cancelled.push(workflowRunId);
    },
    async dispatch(job, run) {
      if (fake.error) throw fake.error;
      fake.sent.push(`${job.repository.fullName} ${job.target} ${run}`);
      return answer();
    },
  };
  return fake;
}

export function away(): DispatchError {
  return new DispatchError('inngest_unavailable', 'Inngest is away.', {
    isBlocked: false,
    cure: 'Start it.',
  });
}
