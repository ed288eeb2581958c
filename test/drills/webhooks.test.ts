import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunningSandbox, startSandbox } from '../../sandbox/github.ts';
import { addRepository } from '../../sandbox/world/build.ts';
import type { Installation, Repository } from '../../sandbox/world/model.ts';
import { startTestApp, type TestApp } from '../app/start-test-app.ts';
import { createInPglite } from '../support/databases.ts';
import { environmentOf, installOn, livePullRequest } from './activity.ts';
import { carryOutDeed, deed } from './draw-activity.ts';
import { guidOf, type Mailbox, passOn, type Sent, startMailbox } from './mailbox.ts';
import { allEnded, differingTables, outcomes, quietLoops } from './outcomes.ts';

/** When a webhook arrives among the others, how often, and whether that is after all of them were worked through. */
const arrival = fc.record({
  place: fc.nat(1_000),
  copies: fc.constantFrom(1, 1, 2, 3),
  isLate: fc.boolean(),
});

interface Arriving {
  webhook: Sent;
  isLate: boolean;
}

/** Copies of one webhook arrive apart from each other, and the last one of a late webhook alone is late. */
function arrange(
  sent: readonly Sent[],
  arrivals: readonly { place: number; copies: number; isLate: boolean }[],
): Arriving[] {
  return sent
    .flatMap((webhook, index) => {
      const { place, copies, isLate } = arrivals[index % arrivals.length] ?? {
        place: 0,
        copies: 1,
        isLate: false,
      };
      return Array.from({ length: copies }, (_, copy) => ({
        ...{ webhook, isLate: isLate && copy === copies - 1 },
        at: (place * (copy + 1) * 7 + index) % 1_009,
      }));
    })
    .sort((a, b) => a.at - b.at);
}

describe('webhooks that arrive', () => {
  let sandbox: RunningSandbox;
  let app: TestApp;
  let mailbox: Mailbox;
  let widgets: Repository;
  let installation: Installation;
  /** GUIDs of which the app said that it has them. */
  let accepted: Set<string>;
  beforeEach(async () => {
    sandbox = await startSandbox({ owner: 'acme' });
    ({ repository: widgets, installation } = installOn(sandbox));
    accepted = new Set();
    app = await startTestApp(await createInPglite(), environmentOf(sandbox));
    await quietLoops(app.db);
    mailbox = await startMailbox();
    sandbox.app.webhookUrl = mailbox.url;
  });
  afterEach(async () => {
    await app?.close();
    await sandbox?.close();
    await mailbox?.close();
  });

  const pass = async (webhook: Sent) => {
    const status = await passOn(webhook, app.url);
    if (status === 200) accepted.add(guidOf(webhook));
    else expect(status).toBe(202);
  };
  /** Some at a time, as they come under load. */
  const passTogether = async (arriving: readonly Arriving[]) => {
    for (let from = 0; from < arriving.length; from += 6) {
      await Promise.all(arriving.slice(from, from + 6).map(({ webhook }) => pass(webhook)));
    }
  };
  const isWhole = async (count: number) => {
    await allEnded(app.db);
    expect(await differingTables(app.db, sandbox, widgets)).toEqual([]);
    expect(await app.db.selectFrom('pull_requests').select('id').execute()).toHaveLength(count);
    for (const { status, runs, metrics } of await outcomes(app.db)) {
      expect([status, runs, metrics]).toEqual(['completed', ['success'], ['success']]);
    }
  };

  it('in any order, doubled, and late, whatever people do: the tables hold what GitHub holds', async () => {
    let count = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(deed, { minLength: 4, maxLength: 14 }),
        fc.array(deed, { maxLength: 8 }),
        fc.array(arrival, { minLength: 1, maxLength: 30 }),
        fc.boolean(),
        async (first, second, arrivals, isCapturedBetween) => {
          const repository = addRepository(sandbox.world, `acme/repository-${++count}`);
          installation.repositoryIds.add(repository.id);
          const opened = (['open a pull request', 'open an issue', 'comment', 'comment'] as const).map(
            (what, which) => ({ do: what, which }),
          );
          const late: Arriving[] = [];
          for (const act of [[...opened, ...first], second]) {
            for (const one of act) await carryOutDeed(sandbox, repository, one);
            const arriving = arrange(mailbox.sent.splice(0), arrivals);
            late.push(...arriving.filter(({ isLate }) => isLate));
            await passTogether(arriving.filter(({ isLate }) => !isLate));
            if (isCapturedBetween) await allEnded(app.db);
          }
          await allEnded(app.db);
          await passTogether(late);
          await allEnded(app.db);
          expect(await differingTables(app.db, sandbox, repository)).toEqual([]);
        },
      ),
      { numRuns: 8, endOnFailure: true },
    );
    const taken = await app.db.selectFrom('deliveries').select('id').execute();
    expect(taken.map(({ id }) => id).sort()).toEqual([...accepted].sort());
    for (const { status, runs, metrics } of await outcomes(app.db)) {
      expect([status, runs, metrics]).toEqual(['completed', ['success'], ['success']]);
    }
  });

  it('late: what was captured since is not taken back', async () => {
    await livePullRequest(sandbox, widgets, 'Early');
    const late = mailbox.sent.splice(0);
    await livePullRequest(sandbox, widgets, 'Later');
    const [pull] = widgets.pulls.values();
    if (!pull) throw new Error('no pull request');
    await sandbox.change.editTitle(pull, 'ada', 'The last title');
    for (const webhook of mailbox.sent) await pass(webhook);
    await allEnded(app.db);
    for (const webhook of late.reverse()) await pass(webhook);
    await isWhole(2);
  });
});
