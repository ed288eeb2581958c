import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunningSandbox, startSandbox } from '../../sandbox/github.ts';
import { createRandom } from '../../sandbox/random.ts';
import type { Repository } from '../../sandbox/world/model.ts';
import { startTestApp, type TestApp } from '../app/start-test-app.ts';
import { createInPglite } from '../support/databases.ts';
import { environmentOf, installOn, livePullRequest } from './activity.ts';
import { allEnded, differingTables, outcomes, quietLoops } from './outcomes.ts';

interface Sent {
  headers: IncomingHttpHeaders;
  body: string;
}

/** Takes webhooks for the app and keeps them. */
async function startMailbox() {
  const sent: Sent[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      sent.push({ headers: request.headers, body });
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    sent,
    url: `http://127.0.0.1:${port}/`,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

describe('webhooks that arrive', () => {
  let sandbox: RunningSandbox;
  let app: TestApp;
  let mailbox: Awaited<ReturnType<typeof startMailbox>>;
  let widgets: Repository;
  beforeEach(async () => {
    sandbox = await startSandbox({ owner: 'acme' });
    ({ repository: widgets } = installOn(sandbox));
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

  const pass = async ({ headers, body }: Sent) => {
    const wanted = ['content-type', 'x-github-event', 'x-github-delivery', 'x-hub-signature-256'];
    const kept = Object.fromEntries(wanted.map((name) => [name, String(headers[name])]));
    const response = await fetch(`${app.url}/api/github/webhooks`, { method: 'POST', body, headers: kept });
    return response.status;
  };
  const isWhole = async (count: number) => {
    await allEnded(app.db);
    expect(await differingTables(app.db, sandbox, widgets)).toEqual([]);
    expect(await app.db.selectFrom('pull_requests').select('id').execute()).toHaveLength(count);
    for (const { status, runs, metrics } of await outcomes(app.db)) {
      expect([status, runs, metrics]).toEqual(['completed', ['success'], ['success']]);
    }
  };

  it.each([1, 2, 3])('in any order, doubled and mixed: drawn by seed %d', async (seed) => {
    for (let n = 1; n <= 4; n++) await livePullRequest(sandbox, widgets, `Change ${n}`);
    const { sent } = mailbox;
    const random = createRandom(seed);
    const mixed = [...sent, ...sent]
      .map((webhook) => ({ webhook, at: random.next() }))
      .sort((a, b) => a.at - b.at)
      .map(({ webhook }) => webhook);
    for (let from = 0; from < mixed.length; from += 6) {
      const statuses = await Promise.all(mixed.slice(from, from + 6).map(pass));
      expect(statuses.every((status) => status === 200 || status === 202)).toBe(true);
    }
    const known = await app.db.selectFrom('deliveries').select('id').execute();
    expect(known.length).toBeLessThanOrEqual(sent.length);
    expect(new Set(known.map(({ id }) => id)).size).toBe(known.length);
    await isWhole(4);
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
