import { createAppAuth, type InstallationAuthOptions } from '@octokit/auth-app';
import { Probot, ProbotOctokit } from 'probot';
import type { Config } from '../src/config/config.ts';
import { within } from '../src/time/within.ts';
import type { AppLog } from './log.ts';

export type Octokit = Awaited<ReturnType<Probot['auth']>>;
export type Permissions = Record<string, 'read' | 'write'>;
export interface InstallationToken {
  token: string;
  expiresAt: Date;
}
/** A token of one installation, for one repository or, where that is null, for all that it can see. */
export type TokenFor = (
  installationId: number,
  repositoryId: number | null,
  permissions?: Permissions,
) => Promise<InstallationToken>;

/** What a capture reads, and no more. */
const CAPTURE_PERMISSIONS: Permissions = {
  metadata: 'read',
  pull_requests: 'read',
  issues: 'read',
  contents: 'read',
};

/** A token that is handed out is good for at least this long; GitHub's live for an hour. */
const MIN_TOKEN_LIFE_MS = 5 * 60_000;

/** Octokit itself waits for minutes where GitHub takes the connection and does not answer. */
const TOKEN_WITHIN_MS = 20_000;

/** Calls that a webhook's answer waits for must end well before GitHub's 10 s. */
export const QUICK_CALL_MS = 5_000;

/** Options of Octokit for a request that is made once, and ends within so many milliseconds. */
export function askOnce(withinMs = QUICK_CALL_MS): { retries: 0; signal: AbortSignal } {
  return { retries: 0, signal: AbortSignal.timeout(withinMs) };
}

export interface GitHubApp {
  /** Probot's check of `X-Hub-Signature-256`; false also for one that is no signature at all. */
  verify(body: string, signature: string): Promise<boolean>;
  /** Acts as the App. */
  app(): Promise<Octokit>;
  /** Acts as an installation. */
  installation(installationId: number): Promise<Octokit>;
  tokenFor: TokenFor;
  /** Numeric id of the account that owns the App; asked once. Throws GitHubAwayError. */
  ownerId(): Promise<number>;
  /** Null: GitHub knows the App by this key, or could not be asked. Else one line that says what is wrong. */
  findCredentialProblem(): Promise<string | null>;
}

/** GitHub did not answer, or not as documented. */
export class GitHubAwayError extends Error {
  override readonly name = 'GitHubAwayError';
}

/**
 * The App's identity, held by Probot: its secret verifies webhooks, its key signs every call.
 *
 * Octokit's throttling is off: one process-wide queue sends a second's wait between writes, and `/rollout stop`
 * must not stand behind other replies. A command makes at most four writes; bulk capture has its own governor.
 */
export async function createGitHubApp(options: {
  github: Config['github'] & { appId: number; privateKey: string; webhookSecret: string };
  log: AppLog;
  now?: () => Date;
}): Promise<GitHubApp> {
  const { github, log, now = () => new Date() } = options;
  const probot = new Probot({
    appId: github.appId,
    privateKey: github.privateKey,
    secret: github.webhookSecret,
    baseUrl: github.apiUrl,
    // Probot's children write what Octokit says of each request; only what goes wrong is wanted here.
    log: log.child({}, { level: ['debug', 'warn'].find((level) => log.isLevelEnabled(level)) ?? log.level }),
    // As a function, since Probot adds throttle options of its own to those of a plain object.
    Octokit: ProbotOctokit.defaults((given: object) => ({
      ...given,
      throttle: { enabled: false },
      // Three, the default, take 14 s while GitHub is away, and neither a stop nor `/rollout stop` may wait behind them.
      // Who asks for something tries again by itself.
      retry: { retries: 1 },
    })),
  });
  await probot.ready();
  const app = await probot.auth();
  const auth = createAppAuth({
    appId: github.appId,
    privateKey: github.privateKey,
    // Probot's own authentication asks api.github.com whatever the base URL, when a token is asked for directly.
    request: app.request,
  });

  const tokenFor: TokenFor = async (installationId, repositoryId, permissions = CAPTURE_PERMISSIONS) => {
    const wanted = {
      type: 'installation',
      installationId,
      permissions,
      ...(repositoryId === null ? {} : { repositoryIds: [repositoryId] }),
    } as const;
    return within(TOKEN_WITHIN_MS, askForToken(wanted), () => {
      throw new GitHubAwayError(`GitHub gave no token within ${TOKEN_WITHIN_MS / 1_000} s.`);
    });
  };
  const askForToken = async (wanted: InstallationAuthOptions) => {
    const cached = await auth(wanted);
    const isFresh = Date.parse(cached.expiresAt) - now().getTime() >= MIN_TOKEN_LIFE_MS;
    const { token, expiresAt } = isFresh ? cached : await auth({ ...wanted, refresh: true });
    return { token, expiresAt: new Date(expiresAt) };
  };

  let owner: number | null = null;
  return {
    verify: (body, signature) => probot.webhooks.verify(body, signature).catch(() => false),
    app: () => probot.auth(),
    installation: (installationId) => probot.auth(installationId),
    tokenFor,
    ownerId: async () => {
      owner ??= await readOwner(app);
      return owner;
    },
    findCredentialProblem: async () => {
      try {
        owner ??= await readOwner(app);
        return null;
      } catch (error) {
        const problem = describeCredentialProblem(error, github);
        if (problem === null) {
          log.warn(
            { err: error },
            `GitHub at ${github.apiUrl} could not be asked whether it knows this App. The app starts, and asks again when it needs to; check GHE_HOST and the network.`,
          );
        }
        return problem;
      }
    },
  };
}

async function readOwner(app: Octokit): Promise<number> {
  try {
    const { data } = await app.request('GET /app', {
      request: askOnce(),
    });
    const id = data?.owner && 'id' in data.owner ? data.owner.id : null;
    if (typeof id === 'number') return id;
  } catch (cause) {
    throw new GitHubAwayError(`GET /app failed: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  throw new GitHubAwayError('GET /app did not name the owner of the App.');
}

/** Sources: GitHub's REST answers to a JSON web token of a wrong key (401) and of an unknown App (404). */
function describeCredentialProblem(error: unknown, github: Config['github']): string | null {
  const cause = error instanceof Error ? error.cause : null;
  const status = cause instanceof Error && 'status' in cause ? cause.status : null;
  const isUnknownApp =
    status === 404 && cause instanceof Error && /integration not found/i.test(cause.message);
  if (status !== 401 && !isUnknownApp) return null;
  return `GitHub at ${github.apiUrl} does not accept APP_ID ${github.appId} with this private key: copy the App ID from the App's settings page and generate a new private key there.`;
}
