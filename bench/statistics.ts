/** The middle one; of an even number, the mean of the two in the middle. @throws Error for none */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new Error('there is no median of nothing');
  return (low + high) / 2;
}

/** Each value of `of` divided by the one measured beside it: what disturbed both cancels out. */
export function ratios(of: readonly number[], beside: readonly number[]): number[] {
  if (of.length !== beside.length) throw new Error('the measurements do not come in pairs');
  return of.map((value, index) => value / (beside[index] ?? Number.NaN));
}

export const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

/**
 * Minutes for so many pull requests, each taking GitHub G ms of GraphQL and R ms of REST: 60 s of GraphQL and 90 s of
 * both may be used in a minute (GitHub's secondary limits).
 */
export function minutesFor(pullRequests: number, graphqlMs: number, restMs: number): number {
  return (pullRequests * Math.max(graphqlMs, (graphqlMs + restMs) / 1.5)) / 60_000;
}
