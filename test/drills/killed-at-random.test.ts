import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type RunningSandbox, startSandbox } from '../../sandbox/github.ts';
import { createRandom, type Random } from '../../sandbox/random.ts';
import { addRepository } from '../../sandbox/world/build.ts';
import type { Repository } from '../../sandbox/world/model.ts';
import type { Database } from '../../src/store/database.ts';
import { createOnPostgres, describePostgres, type GetDatabase } from '../support/databases.ts';
import { environmentOf, installOn, runLoop } from './activity.ts';
import { type AppProcess, startAppProcess } from './app-process.ts';
import { carryOutDeed, DEEDS } from './draw-activity.ts';
import { guidOf, type Mailbox, passOn, type Sent, startMailbox } from './mailbox.ts';
import { differingTables, outcomes, quietLoops, skipWaits } from './outcomes.ts';

/** Of what happens and when; how far each process is at such a moment is the machine's. */
const SEED = Number(process.env.DRILL_SEED ?? 1);
const REPOSITORIES = 8;
const DEEDS_OF_PEOPLE = 160;
/** Milliseconds between two of them. */
const PACE_MS = 20;
const SENDERS = 6;

describePostgres('two apps on one database, killed at random under load', () => {
  let sandbox: RunningSandbox;
  let mailbox: Mailbox;
  let database: ReturnType<GetDatabase>;
  let db: Database;
  let repositories: Repository[];
  const apps = new Set<AppProcess>();
  beforeEach(async () => {
    database = await createOnPostgres();
    ({ db } = database);
    await quietLoops(db);
    sandbox = await startSandbox({ owner: 'acme' });
    const { repository, installation } = installOn(sandbox);
    repositories = [repository];
    while (repositories.length < REPOSITORIES) {
      const more = addRepository(sandbox.world, `acme/repository-${repositories.length}`);
      installation.repositoryIds.add(more.id);
      repositories.push(more);
    }
    mailbox = await startMailbox();
    sandbox.app.webhookUrl = mailbox.url;
  });
  afterEach(async () => {
    await Promise.all([...apps].map(kill));
    await sandbox?.close();
    await mailbox?.close();
    await database?.close();
  });

  async function start(): Promise<void> {
    apps.add(await startAppProcess({ ...environmentOf(sandbox), DATABASE_URL: database.url ?? '' }));
  }
  async function kill(app: AppProcess): Promise<void> {
    apps.delete(app);
    await app.kill();
  }
  /** Nobody is left who could hold a lease. */
  async function killAll(): Promise<void> {
    await Promise.all([...apps].map(kill));
    await skipWaits(db, { leases: true });
  }

  /** People at work in all repositories; resolves when they are done. */
  async function work(random: Random): Promise<void> {
    for (let n = 0; n < DEEDS_OF_PEOPLE; n++) {
      const what = n < REPOSITORIES ? 'open a pull request' : random.pick(DEEDS);
      const repository = repositories[n % REPOSITORIES] as Repository;
      await carryOutDeed(sandbox, repository, { do: what, which: random.whole(0, 20) });
      await wait(PACE_MS);
    }
  }

  /** Sends to whoever is there, and again what got no 2xx, until the drill is over and nothing waits. */
  async function send(isOver: () => boolean, random: Random, tally: Tally): Promise<void> {
    const underWay = new Set<Sent>();
    const sendOne = async () => {
      while (!isOver() || mailbox.sent.length > 0 || underWay.size > 0) {
        const webhook = mailbox.sent.shift();
        const app = random.pick([...apps, null]);
        if (!webhook || !app) {
          if (webhook) mailbox.sent.push(webhook);
          await wait(10);
          continue;
        }
        underWay.add(webhook);
        const status = await passOn(webhook, app.url);
        tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
        if (status === 200) tally.accepted.add(guidOf(webhook));
        else if (status !== 202) mailbox.sent.push(webhook);
        underWay.delete(webhook);
      }
    };
    await Promise.all(Array.from({ length: SENDERS }, sendOne));
  }

  it(`lose nothing and do nothing twice (DRILL_SEED=${SEED})`, async () => {
    const random = createRandom(SEED);
    const moments = Array.from({ length: 4 }, () => random.whole(200, DEEDS_OF_PEOPLE * PACE_MS)).sort(
      (a, b) => a - b,
    );
    const tally: Tally = { statuses: new Map(), accepted: new Set() };
    await Promise.all([start(), start()]);
    let isOver = false;
    const sending = send(() => isOver, createRandom(SEED + 1), tally);
    const working = work(createRandom(SEED + 2));
    const begunMs = performance.now();
    for (const [index, moment] of moments.entries()) {
      await wait(Math.max(0, moment - (performance.now() - begunMs)));
      if (index === 1) {
        await killAll();
        await Promise.all([start(), start()]);
      } else {
        await kill(random.pick([...apps]));
        await start();
      }
    }
    await working;
    isOver = true;
    await sending;
    await killAll();

    await Promise.all([start(), start()]);
    const [app] = apps;
    await vi.waitFor(
      async () => {
        await skipWaits(db);
        await runLoop(app?.url ?? '', 'sweep');
        const { rows } = await sql`SELECT target, status, status_reason, error FROM progressive_capture_jobs
          WHERE status IN ('queued', 'dispatched', 'running')`.execute(db);
        expect(rows).toEqual([]);
      },
      { timeout: 20_000, interval: 100 },
    );

    // Answers are 2xx, 503, or none.
    expect([...tally.statuses.keys()].filter((status) => ![0, 200, 202, 503].includes(status))).toEqual([]);
    expect(tally.statuses.get(0)).toBeGreaterThan(0);
    const deliveries = await db.selectFrom('deliveries').select(['id', 'outcome', 'job_ids']).execute();
    expect(deliveries.map(({ id }) => id).sort()).toEqual([...tally.accepted].sort());
    const jobs = await db.selectFrom('progressive_capture_jobs').select('id').execute();
    const known = new Set(jobs.map(({ id }) => id));
    expect(deliveries.flatMap(({ job_ids: ids }) => ids ?? []).filter((id) => !known.has(id))).toEqual([]);
    const ended = await outcomes(db);
    for (const { status, runs, metrics } of ended) {
      expect([status, runs.at(-1), metrics]).toEqual(['completed', 'success', ['success']]);
      expect(runs.slice(0, -1).filter((run) => run !== 'lost')).toEqual([]);
    }
    // Work was in hand when they were killed.
    expect(ended.filter(({ runs }) => runs.includes('lost')).length).toBeGreaterThan(0);
    for (const repository of repositories) {
      expect([repository.name, await differingTables(db, sandbox, repository)]).toEqual([
        repository.name,
        [],
      ]);
    }
  });
});

interface Tally {
  /** How often each status was answered; 0: no answer came. */
  statuses: Map<number, number>;
  /** GUIDs of which an app said that it has them. */
  accepted: Set<string>;
}
