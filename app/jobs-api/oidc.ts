import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';
import type { JobRun } from '../../src/jobs/job.ts';
import { RefusedError } from './refused-error.ts';

/** GitHub sends numbers as strings of digits in OIDC claims. */
const Digits = z.union([
  z.number().int().nonnegative(),
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
]);

/**
 * Claims of a workflow run's OIDC token that decisions rest on. `sub` is left out on purpose: its form differs between
 * repositories made before and after 2026-07-15.
 * Source: docs.github.com/actions/reference/security/oidc
 */
export const RunClaims = z
  .object({
    jti: z.string().min(1).max(256),
    exp: z.number(),
    repository: z.string().regex(/^[^/\s]+\/[^/\s]+$/),
    repository_id: Digits,
    /** `owner/name/.github/workflows/file.yml@refs/heads/branch` */
    workflow_ref: z.string().max(1_024),
    ref: z.string().max(1_024),
    event_name: z.string().max(100),
    run_id: Digits,
    run_attempt: Digits,
    actor: z.string().max(256).optional(),
    actor_id: Digits.optional(),
    repository_visibility: z.string().max(100).optional(),
    runner_environment: z.string().max(100).optional(),
  })
  .transform((claims) => ({
    jti: claims.jti,
    expiresAt: new Date(claims.exp * 1_000),
    repository: claims.repository,
    repositoryId: claims.repository_id,
    workflowRef: claims.workflow_ref,
    ref: claims.ref,
    eventName: claims.event_name,
    runId: claims.run_id,
    runAttempt: claims.run_attempt,
    actor:
      claims.actor_id === undefined || claims.actor === undefined
        ? null
        : { id: claims.actor_id, login: claims.actor },
    billing: billingOf(claims),
  }));
export type RunClaims = z.infer<typeof RunClaims>;

/**
 * Whether GitHub bills the minutes of the run; null: the token does not tell. A larger runner, which is billed in public
 * repositories too, can't be told from a standard one.
 * Source: https://docs.github.com/billing/concepts/product-billing/github-actions
 */
function billingOf(claims: {
  repository_visibility?: string | undefined;
  runner_environment?: string | undefined;
}): JobRun['billing'] {
  if (claims.runner_environment === 'self-hosted') return 'free_self_hosted';
  if (claims.repository_visibility === undefined) return null;
  return claims.repository_visibility === 'public' ? 'free_public' : 'billed';
}

/** Clocks of GitHub and of the app may differ by this much. */
const CLOCK_TOLERANCE_SECONDS = 5;
/** At most one fetch of the issuer's keys in this time because of a key that is not known. */
const UNKNOWN_KEY_COOLDOWN_MS = 5_000;
const ISSUER_TIMEOUT_MS = 5_000;

/**
 * Verifies the OIDC token of a workflow run: RS256 by the issuer's published keys, issuer, audience, times.
 * The keys are cached and fetched again when an unknown key turns up, so the issuer may rotate them.
 * Refuses with 401; with 503 `issuer_unreachable` when the issuer can't be asked, which says nothing about the token.
 */
export function createOidcVerifier(options: {
  issuer: string;
  audience: string;
}): (token: string) => Promise<RunClaims> {
  const { issuer, audience } = options;
  let keys: Promise<JWTVerifyGetKey> | null = null;

  return async (token) => {
    keys ??= discoverKeys(issuer);
    try {
      const { payload } = await jwtVerify(token, await keys, {
        issuer,
        audience,
        algorithms: ['RS256'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['exp', 'iat', 'jti'],
      });
      return readClaims(payload);
    } catch (error) {
      const refusal = refusalOf(error, options);
      if (refusal.code === 'issuer_unreachable') keys = null;
      throw refusal;
    }
  };
}

async function discoverKeys(issuer: string): Promise<JWTVerifyGetKey> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(ISSUER_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const { jwks_uri } = z.object({ jwks_uri: z.url() }).parse(await response.json());
  return createRemoteJWKSet(new URL(jwks_uri), {
    timeoutDuration: ISSUER_TIMEOUT_MS,
    cooldownDuration: UNKNOWN_KEY_COOLDOWN_MS,
  });
}

function readClaims(payload: unknown): RunClaims {
  const claims = RunClaims.safeParse(payload);
  if (claims.success) return claims.data;
  const names = claims.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new RefusedError(
    'token_malformed',
    `The OIDC token lacks claims of a workflow run, or they have another form: ${names}. Send the token that core.getIDToken() gives.`,
  );
}

function refusalOf(error: unknown, expected: { issuer: string; audience: string }): RefusedError {
  if (error instanceof RefusedError) return error;
  const refuse = (code: RefusedError['code'], message: string) =>
    new RefusedError(code, message, { cause: error });

  if (error instanceof errors.JWTExpired) {
    return refuse(
      'token_expired',
      'The OIDC token has expired. Ask GitHub for a new one (core.getIDToken) for each call.',
    );
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    switch (error.claim) {
      case 'iss':
        return refuse(
          'wrong_issuer',
          `The OIDC token is not from ${expected.issuer}. Set OIDC_ISSUER on the app to the issuer of this GitHub.`,
        );
      case 'aud':
        return refuse(
          'wrong_audience',
          `The OIDC token is for another audience than ${expected.audience}. The input app-url of the Action and PUBLIC_URL of the app must have the same origin.`,
        );
      case 'nbf':
        return refuse(
          'token_not_yet_valid',
          "The OIDC token is not valid yet. Check the clock of the app's machine.",
        );
      default:
        return refuse(
          'token_malformed',
          `The OIDC token's claim ${error.claim} is missing or has another form.`,
        );
    }
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return refuse(
      'wrong_algorithm',
      'The OIDC token is not signed with RS256. Send the token that core.getIDToken() gives.',
    );
  }
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) {
    return refuse(
      'unknown_key',
      `The OIDC token is signed with a key that ${expected.issuer} does not publish. If its keys have just changed, try again in ${UNKNOWN_KEY_COOLDOWN_MS / 1_000} seconds.`,
    );
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return refuse(
      'wrong_signature',
      `The OIDC token's signature does not fit the key of ${expected.issuer}. Send the token unchanged.`,
    );
  }
  if (
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JOSENotSupported
  ) {
    return refuse(
      'token_malformed',
      'The bearer token is not a signed JSON Web Token. Send the token that core.getIDToken() gives.',
    );
  }
  return new RefusedError(
    'issuer_unreachable',
    `The keys of the OIDC issuer ${expected.issuer} could not be fetched. Try again; if it stays so, check OIDC_ISSUER and the app's network.`,
    { cause: error, headers: { 'retry-after': '10' } },
  );
}
