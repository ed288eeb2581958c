import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

export interface TestIssuer {
  url: string;
  /** Signs claims as GitHub does; `overrides` replace claims, undefined removes one. */
  sign(claims: JWTPayload, options?: { key?: KeyPair; kid?: string }): Promise<string>;
  /** Publishes a new key in place of the old one, and signs with it from now on. */
  rotate(): Promise<void>;
  /** Fetches of the key set so far. */
  fetches(): number;
  close(): Promise<void>;
}

/** Making an RSA key takes longer than most tests. */
const firstKeys = generateKeyPair('RS256');

/** An OIDC issuer on a free port, with discovery and a key set, as GitHub's. */
export async function startIssuer(): Promise<TestIssuer> {
  let kid = 'key-1';
  let keys = await firstKeys;
  let fetches = 0;
  const server = createServer(async (req, res) => {
    res.setHeader('content-type', 'application/json');
    if (req.url === '/.well-known/openid-configuration') {
      res.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/.well-known/jwks` }));
    } else if (req.url === '/.well-known/jwks') {
      fetches += 1;
      res.end(
        JSON.stringify({ keys: [{ ...(await exportJWK(keys.publicKey)), kid, alg: 'RS256', use: 'sig' }] }),
      );
    } else {
      res.writeHead(404).end('{}');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    sign: (claims, options = {}) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: options.kid ?? kid })
        .sign((options.key ?? keys).privateKey),
    async rotate() {
      keys = await generateKeyPair('RS256');
      kid = `key-${Number(kid.slice(4)) + 1}`;
    },
    fetches: () => fetches,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
