import { generateKeyPair, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { createLimiter, DEFAULT_LIMITS, type LimitOptions } from './access/limits.ts';
import { type AppRegistration, createTokens } from './access/tokens.ts';
import { createDiscussionChanges } from './changes/discussions.ts';
import { createInstallationChanges } from './changes/installations.ts';
import { createPullRequestChanges } from './changes/pull-requests.ts';
import { createScene } from './changes/scene.ts';
import { type Clock, createClock } from './clock.ts';
import { createFaults } from './http/faults.ts';
import { createRequestListener } from './http/serve.ts';
import { createOidcIssuer } from './oidc.ts';
import { ACTIONS_ROUTES } from './rest/actions-routes.ts';
import { APP_ROUTES } from './rest/app-routes.ts';
import { DISCUSSION_ROUTES } from './rest/discussion-routes.ts';
import { HOOK_ROUTES } from './rest/hook-routes.ts';
import { OIDC_ROUTES } from './rest/oidc-routes.ts';
import { RATE_ROUTES } from './rest/rate-routes.ts';
import { REPOSITORY_ROUTES } from './rest/repository-routes.ts';
import type { Route } from './rest/router.ts';
import { SIGN_IN_ROUTES } from './rest/sign-in-routes.ts';
import { createRunner, type RunnerOptions } from './runner/runner.ts';
import type { Sandbox, SandboxCore } from './sandbox.ts';
import { createStatistics, type Usage } from './stats.ts';
import { type Truth, truthOf } from './truth.ts';
import { createWebhooks } from './webhooks/announce.ts';
import type { Permission } from './world/model.ts';
import { createWorld, type World } from './world/world.ts';

const ROUTES: Route[] = [
  ...APP_ROUTES,
  ...HOOK_ROUTES,
  ...REPOSITORY_ROUTES,
  ...DISCUSSION_ROUTES,
  ...ACTIONS_ROUTES,
  ...OIDC_ROUTES,
  ...RATE_ROUTES,
  ...SIGN_IN_ROUTES,
];

export interface SandboxOptions {
  /** Port on 127.0.0.1; 0 (the default) takes a free one. */
  port?: number;
  /** Where webhooks go; it can be set later with `sandbox.app.webhookUrl = …`. */
  webhookUrl?: string;
  /** The App's webhook secret; drawn at random when absent. */
  webhookSecret?: string;
  /** Login of the account that the App belongs to. */
  owner?: string;
  /** What is enforced, and with which numbers. Default: budgets are counted, nothing is refused or slow. */
  limits?: Partial<LimitOptions>;
  /** How many times as fast as real time the sandbox's clock runs. */
  speed?: number;
  /** A clock of one's own, in place of `speed`. */
  clock?: Clock;
  world?: World;
  /** The Action that workflow runs carry out; without it every run fails. */
  runner?: RunnerOptions;
}

export interface RunningSandbox extends Sandbox {
  /** Numbers of requests, points, refusals: of everybody, and by installation, user or run. */
  stats(): { total: Usage; by: Record<string, Usage> };
  /** What a repository holds, as plain rows: the answer that a capture must come to. */
  truth(repositoryId: number): Truth;
  close(): Promise<void>;
}

/** What the App asks for, as its manifest says. */
const PERMISSIONS: Record<string, Permission> = {
  actions: 'write',
  contents: 'read',
  issues: 'write',
  metadata: 'read',
  pull_requests: 'read',
};
const EVENTS = [
  'issue_comment',
  'issues',
  'label',
  'pull_request',
  'pull_request_review',
  'pull_request_review_comment',
  'pull_request_review_thread',
  'push',
  'repository',
  'workflow_run',
];

/** Starts a local GitHub on 127.0.0.1 with one registered App and whatever `world` holds. */
export async function startSandbox(options: SandboxOptions = {}): Promise<RunningSandbox> {
  const world = options.world ?? createWorld();
  const clock = options.clock ?? createClock(options.speed);
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const owner = world.actor(options.owner ?? 'acme', 'Organization');
  const app: AppRegistration = {
    id: 4711,
    slug: 'hybrid-capture',
    clientId: 'Iv23liSandbox0000000',
    clientSecret: randomBytes(20).toString('hex'),
    name: 'Hybrid Capture',
    owner,
    webhookSecret: options.webhookSecret ?? randomBytes(20).toString('hex'),
    webhookUrl: options.webhookUrl ?? null,
    events: EVENTS,
    permissions: PERMISSIONS,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    manifestCode: randomBytes(20).toString('hex'),
    bot: world.actor('hybrid-capture[bot]'),
  };
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const webUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const statistics = createStatistics();
  const core: SandboxCore = {
    world,
    clock,
    app,
    tokens: createTokens(app, clock),
    limiter: createLimiter(clock, { ...DEFAULT_LIMITS, ...options.limits }),
    faults: createFaults(),
    statistics,
    webUrl,
    apiUrl: `${webUrl}/api/v3`,
    graphqlUrl: `${webUrl}/api/graphql`,
    requests: [],
    unknownRequests: [],
  };
  const webhooks = createWebhooks(core);
  const runner = createRunner(core, webhooks.announce, options.runner ?? null);
  const scene = createScene(core, webhooks);
  const sandbox: RunningSandbox = {
    ...core,
    ...webhooks,
    runner,
    change: {
      ...createPullRequestChanges(scene),
      ...createDiscussionChanges(scene),
      ...createInstallationChanges(core, webhooks),
    },
    truth(repositoryId) {
      const repository = world.find('Repository', repositoryId);
      if (!repository) throw new Error(`sandbox: there is no repository ${repositoryId}`);
      return truthOf(repository);
    },
    oidc: await createOidcIssuer(webUrl, clock),
    stats: () => ({ total: statistics.total(), by: statistics.by() }),
    async close() {
      await runner.close();
      await webhooks.delivered();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
  server.on('request', createRequestListener(sandbox, ROUTES));
  return sandbox;
}
