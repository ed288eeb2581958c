import { type KeyObject, randomUUID } from 'node:crypto';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import type { Clock } from './clock.ts';
import { lastAttempt, type WorkflowRun } from './runner/workflow-run.ts';
import { fullName } from './world/model.ts';

const KEY_ID = 'sandbox-key-1';
/** Lifetime of GitHub's tokens, and how far `nbf` lies before `iat`: seconds. */
const LIFETIME = 300;
const NOT_BEFORE = 600;

/** Mints what must be refused: any claim, key, algorithm or key id. */
export interface MintOptions {
  audience?: string;
  claims?: JWTPayload;
  key?: CryptoKey | KeyObject | Uint8Array;
  algorithm?: string;
  keyId?: string;
}

/** The issuer of the tokens by which a workflow run proves who it is. */
export interface OidcIssuer {
  /** As a GitHub Enterprise Server has it: `…/_services/token`. */
  readonly issuer: string;
  readonly configuration: object;
  jwks(): Promise<object>;
  /** The token that `core.getIDToken(audience)` gets inside this run. */
  tokenFor(run: WorkflowRun, audience: string | null): Promise<string>;
  mint(run: WorkflowRun, options?: MintOptions): Promise<string>;
}

export async function createOidcIssuer(webUrl: string, clock: Clock): Promise<OidcIssuer> {
  const issuer = `${webUrl}/_services/token`;
  const { publicKey, privateKey } = await generateKeyPair('RS256');

  /** https://docs.github.com/actions/reference/security/oidc#oidc-token-claims */
  function claimsOf(run: WorkflowRun, audience: string | null): JWTPayload {
    const { repository, file, ref, sha } = run;
    const { owner } = repository;
    const name = fullName(repository);
    const workflowRef = `${name}/${run.path}@${ref}`;
    return {
      jti: randomUUID(),
      // Since July 2026 `sub` carries the ids as well.
      sub: `repo:${owner.login}@${owner.id}/${repository.name}@${repository.id}:ref:${ref}`,
      aud: audience ?? `${webUrl}/${owner.login}`,
      ref,
      sha,
      repository: name,
      repository_owner: owner.login,
      repository_owner_id: String(owner.id),
      run_id: String(run.id),
      run_number: String(run.number),
      run_attempt: String(lastAttempt(run).attempt),
      repository_visibility: repository.isPrivate ? 'private' : 'public',
      repository_id: String(repository.id),
      actor_id: String(run.actor.id),
      actor: run.actor.login,
      workflow: file.name,
      head_ref: '',
      base_ref: '',
      event_name: run.event,
      ref_protected: 'false',
      ref_type: 'branch',
      workflow_ref: workflowRef,
      workflow_sha: sha,
      job_workflow_ref: workflowRef,
      job_workflow_sha: sha,
      runner_environment: 'github-hosted',
      iss: issuer,
    };
  }

  const mint: OidcIssuer['mint'] = (run, { audience, claims, key, algorithm, keyId } = {}) => {
    const iat = Math.floor(clock.now() / 1000);
    const times = { iat, nbf: iat - NOT_BEFORE, exp: iat + LIFETIME };
    return new SignJWT({ ...claimsOf(run, audience ?? null), ...times, ...claims })
      .setProtectedHeader({ typ: 'JWT', alg: algorithm ?? 'RS256', kid: keyId ?? KEY_ID })
      .sign(key ?? privateKey);
  };

  return {
    issuer,
    configuration: {
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks`,
      subject_types_supported: ['public', 'pairwise'],
      response_types_supported: ['id_token'],
      claims_supported: ['sub', 'aud', 'exp', 'iat', 'iss', 'jti', 'nbf', 'ref', 'repository'],
      id_token_signing_alg_values_supported: ['RS256'],
      scopes_supported: ['openid'],
    },
    jwks: async () => ({
      keys: [{ ...(await exportJWK(publicKey)), kid: KEY_ID, use: 'sig', alg: 'RS256' }],
    }),
    tokenFor: (run, audience) => mint(run, audience === null ? {} : { audience }),
    mint,
  };
}
