import { within } from '../src/time/within.ts';
import { type HttpHandler, pathOf, sendHtml, sendJson } from './http.ts';
import { renderPage } from './page.ts';

/**
 * A check of `/readyz`: a stable code, `ok` where all is well, `off` where the thing is not wanted. Never any detail: the
 * page is public.
 */
export type ReadinessCheck = () => Promise<string>;

/** A check that does not answer is a check that fails. */
const CHECK_WITHIN_MS = 3_000;

/**
 * `GET /healthz`: the process answers. `GET /readyz`: it can do its work (503 where it can't).
 * `GET /`: a plain page for people. They say that the app is there, and nothing of what it holds.
 */
export function createStatusPages(checks: Record<string, ReadinessCheck>): HttpHandler {
  return async (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    switch (pathOf(request)) {
      case '/healthz':
        sendJson(response, 200, { status: 'ok' });
        return true;
      case '/readyz': {
        const codes = await runChecks(checks);
        const isReady = Object.values(codes).every((code) => code === 'ok' || code === 'off');
        sendJson(response, isReady ? 200 : 503, { status: isReady ? 'ready' : 'not_ready', checks: codes });
        return true;
      }
      case '/':
        sendHtml(response, 200, renderPage('Hybrid Capture', HOME));
        return true;
      default:
        return false;
    }
  };
}

const HOME = `<p>This app puts the activity of GitHub repositories into Postgres. It is running.</p>
<ul>
<li><a href="/monitor">The monitor</a>: rollout, jobs, latency, budgets. It asks you to sign in.</li>
<li><a href="/readyz">Is it ready?</a> Database, migrations, events and the bulk path, as codes.</li>
<li>Webhooks are received at <code>/api/github/webhooks</code>.</li>
</ul>`;

async function runChecks(checks: Record<string, ReadinessCheck>): Promise<Record<string, string>> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await withinTime(check)] as const),
  );
  return Object.fromEntries(results);
}

async function withinTime(check: ReadinessCheck): Promise<string> {
  try {
    return await within(CHECK_WITHIN_MS, check(), () => 'timeout');
  } catch {
    return 'unreachable';
  }
}
