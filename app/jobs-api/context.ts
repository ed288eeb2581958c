import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { Config } from '../../src/config/config.ts';
import type { Database } from '../../src/store/database.ts';
import { createOidcVerifier, type RunClaims } from './oidc.ts';
import { RefusedError } from './refused-error.ts';
import { deriveSessionKey } from './session-token.ts';

/** What GitHub says of a workflow run of the jobs repository. */
export interface WorkflowRun {
  repositoryId: number;
  /** `.github/workflows/file.yml` */
  path: string;
  event: string;
  /** The run's name, made of the workflow's `run-name`. */
  displayTitle: string;
}

export interface JobsApiOptions {
  db: Database;
  config: Config;
  /** A token of an installation for one repository, with these permissions and no others. */
  tokenFor: (
    installationId: number,
    repositoryId: number,
    permissions: Record<string, 'read'>,
  ) => Promise<{ token: string; expiresAt: Date }>;
  /** Asks GitHub for a run of the jobs repository; null when there is none of this id. */
  workflowRun: (runId: number) => Promise<WorkflowRun | null>;
  /** Numeric id of the repository of CAPTURE_WORKFLOW, asked once; null when the App can't see it. */
  jobsRepositoryId: () => Promise<number | null>;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Told after a job was queued or has ended, so that what is due is dispatched; `at`: not before this time. */
  onChange?: (at?: Date) => void;
  now?: () => Date;
}

/** What the calls share. */
export interface JobsApiContext extends Required<Omit<JobsApiOptions, 'log'>> {
  verifyIdToken: (token: string) => Promise<RunClaims>;
  sessionKey: Buffer;
}

/** One call of the API on its way. */
export interface CallRequest {
  req: IncomingMessage;
  /** What the `Authorization: Bearer` header holds. */
  bearer: string;
  /** The job that the path names; '' for calls that name none. */
  jobId: string;
  /** Fields for the call's log line. */
  line: Record<string, unknown>;
}

export type Call = (context: JobsApiContext, request: CallRequest) => Promise<object>;

/**
 * A life sign (claim, batch or heartbeat) keeps a run's lease for this many milliseconds. Heartbeats come every 60 s: four
 * may be lost.
 */
export const RUN_LEASE_MS = 5 * 60_000;

export function createContext(options: JobsApiOptions): JobsApiContext {
  const { config, onChange = () => {}, now = () => new Date() } = options;
  const { publicUrl } = config.http;
  return {
    ...options,
    onChange,
    now,
    verifyIdToken:
      publicUrl === null
        ? refuseWithoutPublicUrl
        : createOidcVerifier({ issuer: config.bulk.oidcIssuer, audience: publicUrl.origin }),
    // Without any secret there is no App, and nobody to give a session to.
    sessionKey: deriveSessionKey(config.tokens.session ?? config.github.privateKey ?? randomUUID()),
  };
}

async function refuseWithoutPublicUrl(): Promise<never> {
  throw new RefusedError(
    'not_configured',
    'PUBLIC_URL is not set on the app: set it to the origin at which workflow runs reach the app.',
  );
}

/** The answer of a question to GitHub; refuses with 503 when it can't be had, so that the caller tries again. */
export async function askGitHub<T>(what: string, question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (cause) {
    if (cause instanceof RefusedError) throw cause;
    throw new RefusedError('github_unavailable', `GitHub could not be asked for ${what}. Try again.`, {
      cause,
      headers: { 'retry-after': '10' },
    });
  }
}
