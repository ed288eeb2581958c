import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Config } from '../../src/config/config.ts';
import { GitHubAwayError, QUICK_CALL_MS } from '../github-app.ts';
import type { SignIn } from './sessions.ts';

const Token = z.union([
  z.object({ access_token: z.string().min(1) }),
  z.object({ error: z.string(), error_description: z.string().optional() }),
]);
const User = z.object({ id: z.int().positive(), login: z.string().min(1) });

export interface SignedIn {
  id: number;
  login: string;
  token: string;
}

/**
 * The web flow of the App's OAuth, with PKCE.
 * Source: https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
 */
export function createGitHubSignIn(github: Config['github'] & { clientId: string; clientSecret: string }) {
  return {
    /** Where the browser is sent, and what it must bring back. */
    begin(callbackUrl: string, returnTo: string): { url: string; signIn: SignIn } {
      const signIn = {
        state: randomBytes(24).toString('base64url'),
        verifier: randomBytes(32).toString('base64url'),
        returnTo,
      };
      const query = new URLSearchParams({
        client_id: github.clientId,
        redirect_uri: callbackUrl,
        state: signIn.state,
        code_challenge: createHash('sha256').update(signIn.verifier).digest('base64url'),
        code_challenge_method: 'S256',
      });
      return { url: `${github.webUrl}/login/oauth/authorize?${query}`, signIn };
    },
    /** Null: GitHub does not accept the code. Throws GitHubAwayError. */
    async complete(code: string, signIn: SignIn, callbackUrl: string): Promise<SignedIn | null> {
      const answer = Token.safeParse(
        await askJson(`${github.webUrl}/login/oauth/access_token`, {
          method: 'POST',
          headers: { accept: 'application/json', 'content-type': 'application/json' },
          body: JSON.stringify({
            client_id: github.clientId,
            client_secret: github.clientSecret,
            code,
            redirect_uri: callbackUrl,
            code_verifier: signIn.verifier,
          }),
        }),
      );
      if (!answer.success)
        throw new GitHubAwayError('GitHub did not answer the code of a sign-in as documented.');
      if ('error' in answer.data) return null;
      const token = answer.data.access_token;
      const user = User.safeParse(await askAsPerson(github, token, '/user'));
      if (!user.success) throw new GitHubAwayError('GitHub did not say who signs in.');
      return { ...user.data, token };
    },
  };
}

/** The token has ended or was revoked: its person signs in again. */
export class SignInEndedError extends Error {
  override readonly name = 'SignInEndedError';
}

/** A GET with a person's token. Throws GitHubAwayError or SignInEndedError. */
export function askAsPerson(github: Config['github'], token: string, path: string): Promise<unknown> {
  return askJson(`${github.apiUrl}${path}`, {
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${token}`,
      'user-agent': 'hybrid-capture',
      'x-github-api-version': '2022-11-28',
    },
  });
}

async function askJson(url: string, init: RequestInit): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(QUICK_CALL_MS) });
    if (response.ok) return await response.json();
  } catch (cause) {
    throw new GitHubAwayError(`GitHub could not be asked at ${new URL(url).pathname}.`, { cause });
  }
  if (response.status === 401) throw new SignInEndedError('GitHub does not know this sign-in any more.');
  throw new GitHubAwayError(`GitHub answered ${response.status} at ${new URL(url).pathname}.`);
}
