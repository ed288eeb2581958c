import { randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { Config } from '../src/config/config.ts';
import { type HttpHandler, pathOf, sendHtml, sendJson } from './http.ts';
import { isLocalRequest } from './is-local-request.ts';
import type { AppLog } from './log.ts';
import { escapeHtml, renderPage } from './page.ts';
import { WEBHOOK_PATH } from './webhooks.ts';
import { writeEnvironmentFile } from './write-environment-file.ts';

/** What GitHub answers when it has registered the App. Source: https://docs.github.com/rest/apps/apps#create-a-github-app-from-a-manifest */
const Conversion = z.object({
  id: z.int().positive(),
  client_id: z.string(),
  client_secret: z.string(),
  webhook_secret: z.string().min(1),
  pem: z.string().includes('PRIVATE KEY'),
  html_url: z.url(),
});

/**
 * The set-up pages: a form that carries `app.yml` to GitHub, and the way back, which writes the new App's credentials
 * to `.env`. Whoever reaches them decides which App this installation belongs to, so they answer to a browser on this
 * machine alone, or to one that has the code from the log. Probot's own set-up answers everybody, always registers a
 * smee.io channel, and writes the key readable for all; it is not used for that reason.
 */
export function createSetupPages(options: {
  config: Pick<Config, 'github' | 'http'>;
  /** Where the app listens. */
  localUrl: () => string;
  /** From the log, for browsers on other machines. */
  accessCode: string;
  manifestFile: string;
  environmentFile: string;
  onRegistered: () => void;
  log: AppLog;
}): HttpHandler {
  const { config, accessCode, log } = options;
  const state = randomBytes(16).toString('hex');
  const origin = () => config.http.publicUrl?.origin ?? options.localUrl();

  return async (request, response) => {
    const path = pathOf(request);
    if (path === '/healthz') {
      sendJson(response, 200, { status: 'setup' });
      return true;
    }
    if (request.method !== 'GET' || (path !== '/' && path !== '/setup/callback')) return false;
    const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
    if (path === '/') {
      if (isAllowed(request, query.get('code'), accessCode)) showForm(response);
      else
        refuse(
          response,
          'Open this page on the machine itself, or with the code from the log: <code>/?code=…</code>',
        );
      return true;
    }
    // Only a browser that was shown the form knows the state.
    if (!isSame(query.get('state'), state))
      refuse(response, 'This is not the answer to the form. Begin again at <code>/</code>.');
    else await register(response, query.get('code') ?? '');
    return true;
  };

  function showForm(response: ServerResponse): void {
    const manifest = JSON.stringify(buildManifest(options.manifestFile, origin(), config.http.publicUrl));
    const action = `${config.github.webUrl}/settings/apps/new?state=${state}`;
    const webhook = config.http.publicUrl
      ? `<p>GitHub will send webhooks to <code>${escapeHtml(origin() + WEBHOOK_PATH)}</code>.</p>`
      : "<p>PUBLIC_URL is not set, so GitHub does not know yet where to send webhooks. Set it and begin again, or give the address on the App's settings page later.</p>";
    const body = `<p>No GitHub App is set up yet. This registers one in your account, with the permissions of <code>app.yml</code>, and keeps its credentials in <code>.env</code> on this machine.</p>
${webhook}
<form method="post" action="${escapeHtml(action)}">
<input type="hidden" name="manifest" value="${escapeHtml(manifest)}">
<button>Register the GitHub App</button>
</form>`;
    sendHtml(response, 200, renderPage('Set up Hybrid Capture', body), config.github.webUrl);
  }

  async function register(response: ServerResponse, code: string): Promise<void> {
    const url = `${config.github.apiUrl}/app-manifests/${encodeURIComponent(code)}/conversions`;
    const headers = { accept: 'application/vnd.github+json' };
    const answer = await fetch(url, { method: 'POST', headers, signal: AbortSignal.timeout(20_000) }).catch(
      () => null,
    );
    const app = Conversion.safeParse(answer?.ok ? await answer.json().catch(() => null) : null);
    if (!app.success) {
      log.error({ status: answer?.status }, 'GitHub did not hand over the new App.');
      refuse(
        response,
        'GitHub did not hand over the new App; its code is good for one hour and one use. Begin again at <code>/</code>.',
        502,
      );
      return;
    }
    writeEnvironmentFile(options.environmentFile, {
      APP_ID: String(app.data.id),
      PRIVATE_KEY: app.data.pem,
      WEBHOOK_SECRET: app.data.webhook_secret,
      GITHUB_CLIENT_ID: app.data.client_id,
      GITHUB_CLIENT_SECRET: app.data.client_secret,
    });
    log.info({ app: app.data.id }, 'The GitHub App is registered and .env is written. Start again.');
    const install = escapeHtml(`${app.data.html_url}/installations/new`);
    sendHtml(
      response,
      200,
      renderPage(
        'The App is registered',
        `<p>Its credentials are in <code>.env</code>. Start the app again (<code>npm start</code>), then <a href="${install}">install it</a> on your repositories.</p>`,
      ),
    );
    options.onRegistered();
  }
}

/** The manifest that GitHub gets: `app.yml` with this installation's addresses. */
function buildManifest(file: string, origin: string, publicUrl: URL | null): Record<string, unknown> {
  const manifest = z.record(z.string(), z.unknown()).parse(parseYaml(readFileSync(file, 'utf8')));
  return {
    ...manifest,
    redirect_url: `${origin}/setup/callback`,
    callback_urls: [`${origin}/monitor/callback`],
    ...(publicUrl ? { hook_attributes: { url: `${publicUrl.origin}${WEBHOOK_PATH}`, active: true } } : {}),
  };
}

/** A browser on this machine (by address and by the name that it asked for), or one with the code. */
function isAllowed(request: IncomingMessage, code: string | null, accessCode: string): boolean {
  return isSame(code, accessCode) || isLocalRequest(request);
}

function isSame(given: string | null, expected: string): boolean {
  const [a, b] = [Buffer.from(given ?? ''), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function refuse(response: ServerResponse, html: string, status = 403): void {
  sendHtml(response, status, renderPage('Set up Hybrid Capture', `<p>${html}</p>`));
}
