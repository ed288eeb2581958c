import type { Limiter } from './access/limits.ts';
import type { AppRegistration, Tokens } from './access/tokens.ts';
import type { DiscussionChanges } from './changes/discussions.ts';
import type { InstallationChanges } from './changes/installations.ts';
import type { PullRequestChanges } from './changes/pull-requests.ts';
import type { Clock } from './clock.ts';
import type { Faults } from './http/faults.ts';
import type { RequestInfo } from './http/request.ts';
import type { OidcIssuer } from './oidc.ts';
import type { Runner } from './runner/runner.ts';
import type { RequestRecord, Statistics } from './stats.ts';
import type { Webhooks } from './webhooks/announce.ts';
import type { World } from './world/world.ts';

/** What every part of the local GitHub works on. */
export interface SandboxCore {
  readonly world: World;
  readonly clock: Clock;
  readonly app: AppRegistration;
  readonly tokens: Tokens;
  readonly limiter: Limiter;
  readonly faults: Faults;
  readonly statistics: Statistics;
  /** `http://127.0.0.1:PORT` */
  readonly webUrl: string;
  /** REST, as a GitHub Enterprise Server has it: `…/api/v3`. */
  readonly apiUrl: string;
  /** `…/api/graphql` */
  readonly graphqlUrl: string;
  /** Everything that was asked for, in order. */
  readonly requests: RequestRecord[];
  /** Requests for which there is no route: what the product asks for and this GitHub does not have. */
  readonly unknownRequests: RequestInfo[];
}

/** The whole, as REST handlers see it. `startSandbox` (github.ts) makes it. */
export interface Sandbox extends SandboxCore, Webhooks {
  readonly runner: Runner;
  readonly oidc: OidcIssuer;
  /** Things that people do: they change the world and send webhooks. */
  readonly change: PullRequestChanges & DiscussionChanges & InstallationChanges;
}
