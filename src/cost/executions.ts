/**
 * A run and its one step: what Inngest counts of each run of a job that it was given.
 * Source: https://www.inngest.com/docs/durable-execution/limits ("An execution is one function run or one step execution")
 */
export const EXECUTIONS_OF_A_RUN = 2;

/**
 * Executions of runs that were given to Inngest. A step that is tried again after a wait for GitHub (`job_runs.pauses`) is
 * taken for one more: Inngest's page does not say that it is free.
 */
export function executionsOfRuns({ runs, pauses }: { runs: number; pauses: number }): number {
  return runs * EXECUTIONS_OF_A_RUN + pauses;
}

/** Milliseconds that a run's one step takes at most: it is one HTTP request, and many hosts end those after 60 s. */
export const SLICE_MS = 50_000;

/** Executions that so many seconds of capturing need where Inngest does them, in slices: a run for each. */
export function executionsOf(seconds: number): number {
  return Math.max(1, Math.ceil((seconds * 1_000) / SLICE_MS)) * EXECUTIONS_OF_A_RUN;
}
