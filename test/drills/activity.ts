import type { RunningSandbox } from '../../sandbox/github.ts';
import { addInstallation, addRepository } from '../../sandbox/world/build.ts';
import type { Installation, Repository } from '../../sandbox/world/model.ts';

const TOKEN = 'a-token-of-the-drills';

/** A repository without any pull request, on which the App is installed. */
export function installOn(sandbox: RunningSandbox): { repository: Repository; installation: Installation } {
  const repository = addRepository(sandbox.world, 'acme/widgets');
  const at = new Date(sandbox.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  const installation = addInstallation(
    sandbox.world,
    repository.owner,
    [repository],
    sandbox.app.permissions,
    at,
  );
  return { repository, installation };
}

/** What an app needs to know of the local GitHub. */
export function environmentOf(sandbox: RunningSandbox): Record<string, string> {
  return {
    APP_ID: String(sandbox.app.id),
    PRIVATE_KEY: sandbox.app.privateKey,
    WEBHOOK_SECRET: sandbox.app.webhookSecret,
    GHE_HOST: new URL(sandbox.webUrl).host,
    GHE_PROTOCOL: 'http',
    ALLOWED_ACCOUNTS: String(sandbox.app.owner.id),
    LOOPS_TOKEN: TOKEN,
    COALESCE_SECONDS: '0.1',
    HOST: '127.0.0.1',
    PORT: '0',
  };
}

/** Some life of one pull request, which sends about ten webhooks. */
export async function livePullRequest(
  { change }: RunningSandbox,
  repository: Repository,
  title: string,
): Promise<void> {
  const { made: pull } = await change.openPullRequest(repository, 'ada', { title, body: `About ${title}` });
  await change.pushCommit(pull, 'ada', `More of ${title}`);
  await change.comment(pull, 'bob', 'What is this?');
  await change.review(pull, 'bob', 'CHANGES_REQUESTED', 'Not yet.');
  await change.commentOnLine(pull, 'bob', { path: 'a.ts', line: 3 }, 'Why?');
  await change.editTitle(pull, 'ada', `${title}, better`);
  await change.addLabelTo(pull, 'ada', 'bug');
  await change.review(pull, 'bob', 'APPROVED', 'Now.');
  await change.mergePullRequest(pull, 'ada');
}

/** Has an app make one pass of a loop at once; resolves to its answer. */
export async function runLoop(appUrl: string, name: string): Promise<unknown> {
  const response = await fetch(`${appUrl}/api/loops/${name}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  return response.json();
}

/** Makes GitHub's failed deliveries old enough to be asked for again, and asks, until none is left. */
export async function redeliverAll(sandbox: RunningSandbox, appUrl: string): Promise<void> {
  for (let pass = 0; pass < 10; pass++) {
    const at = new Date(Date.now() - 120_000 + pass).toISOString();
    for (const delivery of sandbox.deliveries) Object.assign(delivery, { deliveredAt: at });
    const body = (await runLoop(appUrl, 'redeliver')) as { report?: { waiting: number } };
    await sandbox.delivered();
    if (body.report?.waiting === 0) return;
  }
  throw new Error('Deliveries were asked for ten times, and some are still waiting.');
}
