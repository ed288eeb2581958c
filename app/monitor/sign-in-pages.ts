import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '../../src/config/config.ts';
import { sendJson } from '../http.ts';
import type { AppLog } from '../log.ts';
import { type Access, digestOf } from './access.ts';
import { createGitHubSignIn } from './github-sign-in.ts';
import { renderMessage, renderSignIn } from './render-sign-in.ts';
import { redirect, sendPage } from './send.ts';
import type { Sessions } from './sessions.ts';

type IsOurs = (request: IncomingMessage, csrf: string | null) => boolean;

const MAX_FORM_BYTES = 4_096;

/** Signing in through GitHub or with MONITOR_TOKEN, and out again. Answers false for every other path. */
export function createSignInPages(options: {
  config: Pick<Config, 'github' | 'tokens'>;
  access: Access;
  sessions: Sessions;
  /** Where browsers reach the app, without a slash at the end. */
  origin: () => string;
  log: AppLog;
}): (path: string, request: IncomingMessage, response: ServerResponse, isOurs: IsOurs) => Promise<boolean> {
  const { config, access, sessions, origin, log } = options;
  const { clientId, clientSecret, webUrl } = config.github;
  const signIn =
    clientId !== null && clientSecret !== null
      ? createGitHubSignIn({ ...config.github, clientId, clientSecret })
      : null;
  const callbackUrl = () => `${origin()}/monitor/callback`;

  const refuse = (response: ServerResponse, problem: string) =>
    sendPage(
      response,
      403,
      renderSignIn({
        hasGitHub: signIn !== null,
        hasToken: config.tokens.monitor !== null,
        returnTo: '/monitor',
        problem,
      }),
      webUrl,
    );

  async function begin(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!signIn) {
      const text =
        'Set GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET to those of the App, and start the app again.';
      return sendPage(response, 404, renderMessage(null, 'Signing in is not set up', text), webUrl);
    }
    const to = new URL(request.url ?? '/', 'http://localhost').searchParams.get('to') ?? '';
    // Only paths of ours: nobody is sent elsewhere by a link to here.
    const returnTo = /^\/monitor(\/[a-z0-9/-]*)?$/.test(to) ? to : '/monitor';
    const { url, signIn: state } = signIn.begin(callbackUrl(), returnTo);
    await sessions.beginSignIn(response, state);
    redirect(response, url);
  }

  async function complete(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
    const began = await sessions.readSignIn(request);
    sessions.endSignIn(response);
    const code = query.get('code');
    if (!signIn || !began || !code || !isSame(query.get('state') ?? '', began.state)) {
      return refuse(response, 'This sign-in was not begun here, or more than 10 minutes ago. Try again.');
    }
    const person = await signIn.complete(code, began, callbackUrl());
    if (!person) return refuse(response, 'GitHub did not accept the sign-in. Try again.');
    await sessions.begin(response, { kind: 'person', ...person, csrf: access.newCsrf() });
    log.info({ stage: 'sign_in', actor: person.id }, 'A person has signed in to the monitor.');
    redirect(response, began.returnTo);
  }

  async function useToken(request: IncomingMessage, response: ServerResponse, isOurs: IsOurs): Promise<void> {
    const { monitor } = config.tokens;
    const form = new URLSearchParams(await readForm(request));
    if (monitor === null || !isOurs(request, null) || !isSame(form.get('token') ?? '', monitor)) {
      return refuse(response, 'That is not the token.');
    }
    await sessions.begin(response, { kind: 'token', digest: digestOf(monitor) });
    redirect(response, '/monitor');
  }

  return async (path, request, response, isOurs) => {
    const { method } = request;
    if (path === '/monitor/sign-in' && method === 'GET') await begin(request, response);
    else if (path === '/monitor/callback' && method === 'GET') await complete(request, response);
    else if (path === '/monitor/token' && method === 'POST') await useToken(request, response, isOurs);
    else if (path === '/monitor/sign-out' && method === 'POST') {
      const session = await sessions.read(request);
      if (!isOurs(request, session?.kind === 'person' ? session.csrf : null)) {
        sendJson(response, 403, { error: { code: 'wrong_origin', message: 'Sign out on the page itself.' } });
        return true;
      }
      if (session) access.forget(session);
      sessions.end(response);
      sendJson(response, 200, { ok: true });
    } else return false;
    return true;
  };
}

function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

async function readForm(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MAX_FORM_BYTES) return '';
  }
  return text;
}
