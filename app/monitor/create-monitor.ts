import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '../../src/config/config.ts';
import { carriesToken } from '../bearer-token.ts';
import type { ExecuteOptions } from '../execute-command.ts';
import { type GitHubApp, GitHubAwayError } from '../github-app.ts';
import { type HttpHandler, pathOf, sendJson } from '../http.ts';
import type { AppLog } from '../log.ts';
import { createAccess, type Viewer } from './access.ts';
import { carryOut } from './carry-out.ts';
import { createEvents } from './events.ts';
import { SignInEndedError } from './github-sign-in.ts';
import { isFromOurPage } from './judge-origin.ts';
import { findPage, renderAddress } from './pages.ts';
import { renderMessage, renderSignIn } from './render-sign-in.ts';
import { redirect, sendAsset, sendPage } from './send.ts';
import { createSessions } from './sessions.ts';
import { createSignInPages } from './sign-in-pages.ts';
import { createSnapshots } from './snapshots.ts';

export interface MonitorOptions extends ExecuteOptions {
  config: Config;
  app: GitHubApp;
  /** Where this machine reaches the app; used where PUBLIC_URL is unset. */
  localUrl: () => string;
  /** The demo: browsers on this machine may look without signing in. */
  isOpenLocally: boolean;
  log: AppLog;
}

/**
 * The monitor at `/monitor`: pages, live updates, and the verbs of `/rollout` for its buttons and its console. Nobody sees
 * anything without signing in through GitHub or MONITOR_TOKEN; docs/monitor.md says who sees and may do what.
 */
export function createMonitor(options: MonitorOptions): { handler: HttpHandler; close: () => void } {
  const { db, config, app, log } = options;
  const origin = () => config.http.publicUrl?.origin ?? options.localUrl();
  const sessions = createSessions({
    secret: config.tokens.session,
    isHttps: config.http.publicUrl?.protocol === 'https:',
  });
  const access = createAccess({ db, config, app, sessions, isOpenLocally: options.isOpenLocally });
  const snapshots = createSnapshots(db, config);
  const events = createEvents(log);
  const context = { db, config, snapshots };
  const signIn = createSignInPages({ config, access, sessions, origin, log });
  const { webUrl } = config.github;

  const isOurs = (request: IncomingMessage, csrf: string | null) =>
    isFromOurPage(request, { origins: [origin(), options.localUrl()], csrf });

  async function answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (await signIn(path, request, response, isOurs)) return;
    const viewer = await access.find(request);
    if (path === '/monitor/api/commands') return command(request, response, viewer);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return sendJson(response, 405, {
        error: { code: 'method_not_allowed', message: 'Only GET is answered here.' },
      });
    }
    if (!viewer) {
      if (path === '/monitor/events') return sendJson(response, 401, NOT_SIGNED_IN);
      const hasGitHub = config.github.clientId !== null;
      return sendPage(
        response,
        401,
        renderSignIn({ hasGitHub, hasToken: config.tokens.monitor !== null, returnTo: path }),
        webUrl,
      );
    }
    if (path === '/monitor/events') return follow(request, response, viewer);
    const page = await renderAddress(request.url ?? path, viewer, context);
    if (page !== null) return sendPage(response, 200, page, webUrl);
    sendPage(
      response,
      404,
      renderMessage(
        viewer,
        'Not found',
        'There is no such page, or GitHub does not show its repository to you.',
      ),
      webUrl,
    );
  }

  async function follow(request: IncomingMessage, response: ServerResponse, viewer: Viewer): Promise<void> {
    const page = new URL(request.url ?? '/', 'http://localhost').searchParams.get('page') ?? '';
    const live = findPage(page, viewer, context);
    if (!live)
      return sendJson(response, 404, { error: { code: 'not_found', message: 'There is no such page.' } });
    await events.open(request, response, live.read);
  }

  async function command(
    request: IncomingMessage,
    response: ServerResponse,
    viewer: Viewer | null,
  ): Promise<void> {
    if (!viewer) return sendJson(response, 401, NOT_SIGNED_IN);
    if (request.method !== 'POST') {
      return sendJson(response, 405, {
        error: { code: 'method_not_allowed', message: 'Commands are posted.' },
      });
    }
    // A program with the token is no browser that somebody else could lead here.
    const { monitor } = config.tokens;
    const isProgram = monitor !== null && carriesToken(request, monitor);
    if (!isProgram && !isOurs(request, viewer.csrf)) {
      return sendJson(response, 403, {
        error: {
          code: 'wrong_origin',
          message: 'This command does not come from the monitor: load the page anew.',
        },
      });
    }
    const { bulkFor, onChanged } = options;
    await carryOut(request, response, viewer, { db, config, bulkFor, onChanged, access, log });
    snapshots.forgetRollout();
  }

  const handler: HttpHandler = async (request, response) => {
    const path = pathOf(request);
    if (path === null || !/^\/monitor(\/|$)/.test(path)) return false;
    const asset = /^\/monitor\/assets\/([a-z.]+)$/.exec(path)?.[1];
    if (asset !== undefined) return sendAsset(response, asset);
    if (path === '/monitor/') {
      redirect(response, '/monitor');
      return true;
    }
    try {
      await answer(path, request, response);
    } catch (error) {
      if (response.headersSent) throw error;
      if (error instanceof SignInEndedError) {
        sessions.end(response);
        sendPage(
          response,
          401,
          renderMessage(null, 'Sign in again', 'GitHub does not know this sign-in any more.'),
          webUrl,
        );
        return true;
      }
      const isGitHub = error instanceof GitHubAwayError;
      log.error({ err: error, path }, 'A page of the monitor could not be made.');
      const [title, text] = isGitHub
        ? [
            'GitHub is away',
            'What you may see could not be asked. Captures go on; load this page again in a minute.',
          ]
        : [
            'The monitor can not read its database',
            'Events are not lost: GitHub keeps them for 3 days. The log says more; load this page again in a minute.',
          ];
      sendPage(response, 503, renderMessage(null, title, text), webUrl);
    }
    return true;
  };
  return { handler, close: events.close };
}

const NOT_SIGNED_IN = {
  error: { code: 'not_signed_in', message: 'Sign in at /monitor, or send MONITOR_TOKEN as a bearer token.' },
};
