import type { RequestRecord } from '../sandbox/stats.ts';
import { sum } from './statistics.ts';

/** What requests took of GitHub: milliseconds of the model's service time, points, numbers. */
export function summarizeRequests(requests: readonly RequestRecord[]) {
  const graphql = requests.filter(({ kind }) => kind === 'graphql');
  const rest = requests.filter(({ kind }) => kind === 'rest');
  return {
    graphqlMs: sum(graphql.map(({ serviceMs }) => serviceMs)),
    restMs: sum(rest.map(({ serviceMs }) => serviceMs)),
    /** Milliseconds in which at least one GraphQL request was under way. */
    graphqlBusyMs: busyMs(graphql),
    points: sum(graphql.map(({ points }) => points)),
    graphqlRequests: graphql.length,
    restRequests: rest.length,
    /** Refused for a primary or secondary limit. */
    refused: requests.filter(({ isRefused }) => isRefused).length,
  };
}

function busyMs(requests: readonly RequestRecord[]): number {
  let total = 0;
  let busyUntil = 0;
  for (const { arrivedAt, answeredAt } of [...requests].sort((a, b) => a.arrivedAt - b.arrivedAt)) {
    const end = answeredAt ?? arrivedAt;
    total += Math.max(0, end - Math.max(arrivedAt, busyUntil));
    busyUntil = Math.max(busyUntil, end);
  }
  return total;
}
