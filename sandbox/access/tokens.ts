import { createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { errors, jwtVerify } from 'jose';
import type { Clock } from '../clock.ts';
import type { Actor, Installation, Permission, Repository } from '../world/model.ts';
import type { Grant } from './grant.ts';

/** The GitHub App that is registered here. */
export interface AppRegistration {
  id: number;
  slug: string;
  clientId: string;
  clientSecret: string;
  name: string;
  owner: Actor;
  webhookSecret: string;
  webhookUrl: string | null;
  events: string[];
  permissions: Record<string, Permission>;
  privateKey: string;
  /** The code that a browser brings back from registering the App by a manifest. */
  manifestCode: string;
  /** The account that the App writes as: `slug[bot]`. */
  bot: Actor;
}

export interface Tokens {
  /** The grant of a bearer token, or why GitHub answers 401. */
  authenticate(authorization: string | undefined): Promise<{ grant: Grant } | { refusal: string }>;
  /** An installation token; it ends after an hour. */
  issueInstallationToken(
    installation: Installation,
    scope: { repositoryIds: ReadonlySet<number>; permissions: Record<string, Permission> },
  ): { token: string; expiresAt: number };
  /** `github.token` of a workflow run: that repository, with a budget of its own. */
  issueRunToken(repository: Repository, permissions: Record<string, Permission>): string;
  /** A personal token, for everything or for what is said. */
  issueUserToken(
    actor: Actor,
    scope?: { repositoryIds?: ReadonlySet<number>; permissions?: Record<string, Permission> },
  ): string;
  /** Makes a token useless at once, as when it was revoked or its hour is over. */
  revoke(token: string): void;
}

const HOUR_MS = 3_600_000;
/** Budgets of workflow runs' own tokens; they are smaller than those of installations. */
export const RUN_BUCKET = 'actions:';

export function createTokens(app: AppRegistration, clock: Clock): Tokens {
  const grants = new Map<string, Grant>();
  const publicKey = createPublicKey(app.privateKey);
  const random = (prefix: string) => prefix + randomBytes(27).toString('base64url').replace(/[-_]/g, 'x');
  return {
    async authenticate(authorization) {
      const token = /^(?:bearer|token)\s+(\S+)$/i.exec(authorization ?? '')?.[1];
      if (!token) return { refusal: authorization ? 'Bad credentials' : 'Requires authentication' };
      if (token.split('.').length === 3) return authenticateApp(token, app, publicKey, clock);
      const grant = grants.get(token);
      if (!grant || (grant.expiresAt !== null && grant.expiresAt <= clock.now())) {
        return { refusal: 'Bad credentials' };
      }
      return { grant };
    },
    issueInstallationToken(installation, { repositoryIds, permissions }) {
      const token = random('ghs_');
      const expiresAt = Math.floor(clock.now() / 1000) * 1000 + HOUR_MS;
      grants.set(token, {
        kind: 'installation',
        installationId: installation.id,
        repositoryIds,
        permissions,
        expiresAt,
        bucket: `installation:${installation.id}`,
        actor: app.bot,
      });
      return { token, expiresAt };
    },
    issueRunToken(repository, permissions) {
      const token = random('ghs_');
      grants.set(token, {
        kind: 'installation',
        installationId: null,
        repositoryIds: new Set([repository.id]),
        permissions,
        expiresAt: null,
        bucket: `${RUN_BUCKET}${repository.id}`,
        actor: app.bot,
      });
      return token;
    },
    issueUserToken(actor, scope = {}) {
      const token = random('ghp_');
      grants.set(token, {
        kind: 'user',
        installationId: null,
        repositoryIds: scope.repositoryIds ?? null,
        permissions: scope.permissions ?? null,
        expiresAt: null,
        bucket: `user:${actor.id}`,
        actor,
      });
      return token;
    },
    revoke: (token) => void grants.delete(token),
  };
}

/** GitHub's checks of an App's JWT, and its words when one fails. */
async function authenticateApp(
  jwt: string,
  app: AppRegistration,
  key: KeyObject,
  clock: Clock,
): Promise<{ grant: Grant } | { refusal: string }> {
  const undecodable = { refusal: 'A JSON web token could not be decoded' };
  try {
    const { payload } = await jwtVerify(jwt, key, {
      algorithms: ['RS256'],
      currentDate: new Date(clock.now()),
    });
    const { iss, iat, exp } = payload;
    if (exp === undefined || iat === undefined) return undecodable;
    if (exp > clock.now() / 1000 + 600 + 60) {
      return { refusal: "'Expiration time' claim ('exp') is too far in the future" };
    }
    if (iat > clock.now() / 1000 + 60) {
      return {
        refusal:
          "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
      };
    }
    if (String(iss) !== String(app.id) && iss !== app.clientId) return { refusal: 'Integration not found' };
  } catch (error) {
    if (error instanceof errors.JWTExpired) {
      return {
        refusal:
          "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
      };
    }
    return undecodable;
  }
  return {
    grant: {
      kind: 'app',
      installationId: null,
      repositoryIds: new Set(),
      permissions: null,
      expiresAt: null,
      bucket: 'app',
      actor: app.bot,
    },
  };
}
