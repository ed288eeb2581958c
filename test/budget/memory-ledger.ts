import { decideGrant } from '../../src/budget/decide-grant.ts';
import type { Grant } from '../../src/budget/grant.ts';
import type { LiveDemand } from '../../src/budget/live-demand.ts';
import { isInForce, summarizeReleased } from '../../src/budget/summarize-grants.ts';
import type { LedgerUnderTest } from './greedy-holders.ts';

/** The decisions of the ledger without a database. */
export function createMemoryLedger(): LedgerUnderTest {
  let grants: Grant[] = [];
  let demand: LiveDemand | null = null;
  return {
    async grant({ report, ...request }) {
      const used =
        report?.graphqlMs === undefined || report.restMs === undefined
          ? null
          : { graphqlMs: report.graphqlMs, restMs: report.restMs };
      const decided = decideGrant({ grants, demand, points: null, rest: null }, { ...request, used });
      demand = decided.demand;
      grants = [...grants.filter((one) => isInForce(one, request.now)), decided.grant];
      return decided.share;
    },
    async release(released) {
      const stretches = summarizeReleased(grants, released);
      grants = [...grants.filter((one) => one.holder !== released.holder || one.isReleased), ...stretches];
    },
  };
}
