import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createOidcVerifier } from '../../../app/jobs-api/oidc.ts';
import { startIssuer, type TestIssuer } from './issuer.ts';

const AUDIENCE = 'https://capture.example.com';
let issuer: TestIssuer;
beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer.close());
afterEach(() => {
  vi.useRealTimers();
});

const seconds = () => Math.floor(Date.now() / 1_000);
/** Claims as GitHub sends them: numbers as strings. */
function claims(overrides: Record<string, unknown> = {}): JWTPayload {
  return {
    iss: issuer.url,
    aud: AUDIENCE,
    sub: 'repo:acme@1/jobs@900:ref:refs/heads/main',
    iat: seconds(),
    nbf: seconds() - 600,
    exp: seconds() + 300,
    jti: 'token-1',
    repository: 'acme/jobs',
    repository_id: '900',
    workflow_ref: 'acme/jobs/.github/workflows/bulk-capture.yml@refs/heads/main',
    ref: 'refs/heads/main',
    event_name: 'workflow_dispatch',
    run_id: '77001',
    run_attempt: '2',
    actor: 'hybrid-capture[bot]',
    actor_id: '55',
    ...overrides,
  };
}
const verify = (token: string, issuerUrl = issuer.url) =>
  createOidcVerifier({ issuer: issuerUrl, audience: AUDIENCE })(token);
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'accepted',
    (error) => `${error.status} ${error.code}`,
  );

describe('a token of a workflow run', () => {
  it('gives its claims, strings of digits as numbers', async () => {
    expect(await verify(await issuer.sign(claims({ exp: 4_102_444_800 })))).toEqual({
      jti: 'token-1',
      expiresAt: new Date('2100-01-01T00:00:00Z'),
      repository: 'acme/jobs',
      repositoryId: 900,
      workflowRef: 'acme/jobs/.github/workflows/bulk-capture.yml@refs/heads/main',
      ref: 'refs/heads/main',
      eventName: 'workflow_dispatch',
      runId: 77001,
      runAttempt: 2,
      actor: { id: 55, login: 'hybrid-capture[bot]' },
      billing: null,
    });
  });

  it.each([
    ['private', 'github-hosted', 'billed'],
    ['internal', 'github-hosted', 'billed'],
    ['public', 'github-hosted', 'free_public'],
    ['private', 'self-hosted', 'free_self_hosted'],
    ['public', 'self-hosted', 'free_self_hosted'],
    ['public', undefined, 'free_public'],
    [undefined, 'github-hosted', null],
  ])('of a %s repository on a %s runner: its minutes are %s', async (visibility, runner, billing) => {
    const token = claims({ repository_visibility: visibility, runner_environment: runner });
    expect(await verify(await issuer.sign(token))).toMatchObject({ billing });
  });

  it('is accepted with another `sub`, whose form is not relied on', async () => {
    expect(await codeOf(verify(await issuer.sign(claims({ sub: 'anything' }))))).toBe('accepted');
  });

  it('is accepted shortly after its end, as clocks differ', async () => {
    expect(await codeOf(verify(await issuer.sign(claims({ exp: seconds() - 3 }))))).toBe('accepted');
  });

  it.each<[string, () => Record<string, unknown>, string]>([
    ['of another issuer', () => ({ iss: 'https://evil.example' }), '401 wrong_issuer'],
    ['for another audience', () => ({ aud: 'https://github.com/acme' }), '401 wrong_audience'],
    ['for our origin with a path', () => ({ aud: `${AUDIENCE}/` }), '401 wrong_audience'],
    ['that has expired', () => ({ exp: seconds() - 8 }), '401 token_expired'],
    ['that is not valid yet', () => ({ nbf: seconds() + 60 }), '401 token_not_yet_valid'],
    ['without an end', () => ({ exp: undefined }), '401 token_malformed'],
    ['without a jti', () => ({ jti: undefined }), '401 token_malformed'],
    ['without a repository id', () => ({ repository_id: undefined }), '401 token_malformed'],
    ['whose run id is no number', () => ({ run_id: '77001x' }), '401 token_malformed'],
    ['whose run id does not fit a number', () => ({ run_id: '9'.repeat(16) }), '401 token_malformed'],
  ])('%s is refused', async (_, overrides, expected) => {
    expect(await codeOf(verify(await issuer.sign(claims(overrides()))))).toBe(expected);
  });

  it('signed with a key that is not the published one is refused', async () => {
    const stranger = await generateKeyPair('RS256');
    expect(await codeOf(verify(await issuer.sign(claims(), { key: stranger })))).toBe('401 wrong_signature');
    expect(await codeOf(verify(await issuer.sign(claims(), { key: stranger, kid: 'theirs' })))).toBe(
      '401 unknown_key',
    );
  });

  it('signed with another algorithm, or not at all, is refused', async () => {
    const hmac = await new SignJWT(claims())
      .setProtectedHeader({ alg: 'HS256', kid: 'key-1' })
      .sign(new TextEncoder().encode('a secret of at least thirty-two bytes'));
    expect(await codeOf(verify(hmac))).toBe('401 wrong_algorithm');
    const pss = await generateKeyPair('PS256');
    const other = await new SignJWT(claims())
      .setProtectedHeader({ alg: 'PS256', kid: 'key-1' })
      .sign(pss.privateKey);
    expect(await codeOf(verify(other))).toBe('401 wrong_algorithm');
    const unsigned = new UnsecuredJWT(claims()).encode();
    expect(await codeOf(verify(unsigned))).toBe('401 wrong_algorithm');
  });

  it.each(['', 'x', 'a.b', 'a.b.c', '....', 'ghs_0123456789'])('%j is refused', async (token) => {
    expect(await codeOf(verify(token))).toBe('401 token_malformed');
  });

  it('changed after it was signed is refused', async () => {
    const [head, , signature] = (await issuer.sign(claims())).split('.');
    const payload = Buffer.from(JSON.stringify(claims({ repository_id: '1' }))).toString('base64url');
    expect(await codeOf(verify(`${head}.${payload}.${signature}`))).toBe('401 wrong_signature');
  });
});

describe('the keys of the issuer', () => {
  it('are fetched once for many tokens', async () => {
    const verifier = createOidcVerifier({ issuer: issuer.url, audience: AUDIENCE });
    const before = issuer.fetches();
    for (let n = 0; n < 5; n++) await verifier(await issuer.sign(claims({ jti: `many-${n}` })));
    expect(issuer.fetches() - before).toBe(1);
  });

  it('may be rotated: a new key is fetched, the old one is no longer accepted', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const verifier = createOidcVerifier({ issuer: issuer.url, audience: AUDIENCE });
    const old = await issuer.sign(claims({ exp: seconds() + 3_600 }));
    expect(await codeOf(verifier(old))).toBe('accepted');
    await issuer.rotate();
    vi.setSystemTime(Date.now() + 6_000);
    expect(await codeOf(verifier(await issuer.sign(claims())))).toBe('accepted');
    expect(await codeOf(verifier(old))).toBe('401 unknown_key');
  });

  it('are not fetched for each unknown key', async () => {
    const verifier = createOidcVerifier({ issuer: issuer.url, audience: AUDIENCE });
    const before = issuer.fetches();
    for (let n = 0; n < 5; n++) {
      expect(await codeOf(verifier(await issuer.sign(claims(), { kid: `made-up-${n}` })))).toBe(
        '401 unknown_key',
      );
    }
    expect(issuer.fetches() - before).toBe(1);
  });
});

describe('an issuer that can not be asked', () => {
  it('is 503, not 401, and is asked again', async () => {
    let isUp = false;
    const real = issuer;
    const server = createServer(async (req, res) => {
      if (!isUp) return void res.writeHead(502).end();
      const answer = await fetch(`${real.url}${req.url}`);
      res.writeHead(answer.status).end((await answer.text()).replaceAll(real.url, url));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const verifier = createOidcVerifier({ issuer: url, audience: AUDIENCE });
    const token = await issuer.sign(claims({ iss: url }));
    expect(await codeOf(verifier(token))).toBe('503 issuer_unreachable');
    isUp = true;
    expect(await codeOf(verifier(token))).toBe('accepted');
    server.close();
    server.closeAllConnections();
    expect(await codeOf(verify(token, url))).toBe('503 issuer_unreachable');
  });
});
