import type { Tick } from './decide-tick.ts';

/** What the decision went by, for the history: numbers alone. */
export function metricsOf({ enrolled, control, sample, health }: Tick): object {
  const arm = ({ threshold, sequential }: Tick['enrolled']) => ({
    threshold: {
      n: threshold.jobs,
      x: threshold.errors,
      rate: rate(threshold),
      breached: threshold.breached,
    },
    sequential: {
      n: sequential.jobs,
      x: sequential.errors,
      e: finite(sequential.e),
      breach_at: finite(sequential.breachAt),
      capped: sequential.capped,
      failing_repositories: sequential.failingRepositories,
      breached: sequential.breached,
    },
  });
  return {
    health,
    enrolled: arm(enrolled),
    control: arm(control),
    phase: {
      n: sample.jobs,
      x: sample.errors,
      upper_bound_percent: sample.upperBoundPercent,
      status: sample.status,
    },
  };
}

function rate({ jobs, errors }: { jobs: number; errors: number }): number | null {
  return jobs === 0 ? null : errors / jobs;
}

/** JSON knows no infinity. */
function finite(value: number): number | string {
  return Number.isFinite(value) ? value : 'infinite';
}
