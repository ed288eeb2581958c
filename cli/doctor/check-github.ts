import type { GitHubApp, Octokit, Permissions } from '../../app/github-app.ts';
import { askOnce } from '../../app/github-app.ts';
import { readManifest } from '../../app/read-manifest.ts';
import { WEBHOOK_PATH } from '../../app/webhooks.ts';
import type { Config } from '../../src/config/config.ts';
import { statusOf } from '../../src/github/status-of.ts';
import { isDelivered } from '../../src/loops/is-delivered.ts';
import { countOf } from '../../src/text/count-of.ts';
import { neutralizeLog } from '../../src/text/neutralize.ts';
import { ASK_WITHIN_MS, type Check, type DoctorContext } from './context.ts';
import { type Finding, failed, ok, skipped, warning } from './finding.ts';
import { gitHubUnavailable, guard, troubleOf } from './guard.ts';
import { checkClock } from './judge-clock.ts';

const LEVELS = ['read', 'write', 'admin'];
/** Installations that are looked at; one deployment serves one trust domain. */
const MAX_INSTALLATIONS = 100;

export const githubChecks: Check = {
  name: 'github',
  asks: 'github',
  async run(context) {
    const { app, config } = context;
    const clock = await checkGitHubClock(context);
    if (clock.code === 'github_unreachable') return [clock];
    if (app === null) {
      return [
        clock,
        skipped('github app', 'no_credentials', 'APP_ID and the private key are not set, or wrong.'),
      ];
    }
    const octokit = await app.app();
    const identity = await checkIdentity(octokit, config);
    if (identity.finding.status === 'failed' || !identity.app) return [clock, identity.finding];
    return [
      clock,
      identity.finding,
      judgePermissions(
        'app permissions',
        identity.app.permissions,
        `${config.github.webUrl} (Settings, Developer settings, GitHub Apps, Permissions & events)`,
      ),
      judgeEvents(identity.app.events),
      ...(await guard('webhook', async () => [await checkWebhook(octokit, config)])),
      ...(await guard('deliveries', async () => [await checkDeliveries(octokit, context.now())])),
      ...(await guard('installations', () => checkInstallations(octokit, app, config))),
    ];
  },
};

async function checkGitHubClock({ config, now }: DoctorContext): Promise<Finding> {
  const askedAt = now();
  try {
    const response = await fetch(`${config.github.apiUrl}/meta`, {
      headers: { 'user-agent': 'hybrid-capture' },
      signal: AbortSignal.timeout(ASK_WITHIN_MS),
    });
    const date = new Date(response.headers.get('date') ?? '');
    if (Number.isNaN(date.getTime())) return skipped('clock', 'no_date', 'GitHub did not tell the time.');
    // The header has whole seconds.
    return checkClock('clock', date, now(), now().getTime() - askedAt.getTime() + 1_000);
  } catch {
    return failed(
      'github',
      'github_unreachable',
      `GitHub at ${config.github.apiUrl} does not answer.`,
      'Check GHE_HOST, the network and the proxy of this machine.',
    );
  }
}

interface AppAnswer {
  permissions: Record<string, string | undefined>;
  events: string[];
}

async function checkIdentity(
  octokit: Octokit,
  { github }: Config,
): Promise<{ finding: Finding; app: AppAnswer | null }> {
  try {
    const { data } = await octokit.request('GET /app', { request: askOnce(ASK_WITHIN_MS) });
    const name = neutralizeLog(data?.slug ?? String(github.appId), 100);
    return {
      finding: ok('github app', `GitHub knows this key as the App ${name}.`),
      app: { permissions: { ...data?.permissions }, events: data?.events ?? [] },
    };
  } catch (error) {
    const trouble = troubleOf(error);
    if (trouble !== null) return { finding: gitHubUnavailable('github app', trouble), app: null };
    return {
      finding: failed(
        'github app',
        'app_not_accepted',
        `GitHub answers ${statusOf(error) ?? 'nothing'} to APP_ID ${github.appId} with this private key.`,
        "Copy the App ID from the App's settings page, generate a new private key there, and see that the clock is right.",
      ),
      app: null,
    };
  }
}

/** What is granted, against what `app.yml` asks for. */
export function judgePermissions(
  check: string,
  granted: Record<string, string | undefined>,
  where: string,
): Finding {
  const missing = Object.entries(readManifest().default_permissions).filter(
    ([name, level]) => LEVELS.indexOf(granted[name] ?? '') < LEVELS.indexOf(level),
  );
  if (missing.length === 0) return ok(check, 'Everything that is needed is granted.');
  const list = missing.map(([name, level]) => `${name}: ${level}`).join(', ');
  return failed(check, 'permission_missing', `Not granted: ${list}.`, `Grant ${list} at ${where}.`);
}

function judgeEvents(subscribed: readonly string[]): Finding {
  const missing = readManifest().default_events.filter((event) => !subscribed.includes(event));
  if (missing.length === 0) return ok('events', 'The App is subscribed to every event.');
  return failed(
    'events',
    'event_missing',
    `The App is not subscribed to ${missing.join(', ')}.`,
    'Subscribe to them on the settings page of the App (Permissions & events).',
  );
}

async function checkWebhook(octokit: Octokit, { http }: Config): Promise<Finding> {
  const { data } = await octokit.request('GET /app/hook/config', { request: askOnce(ASK_WITHIN_MS) });
  const expected = http.publicUrl ? `${http.publicUrl.origin}${WEBHOOK_PATH}` : null;
  const cure = `Set the webhook URL on the settings page of the App to ${expected ?? `your PUBLIC_URL + ${WEBHOOK_PATH}`}, with content type application/json and the secret of WEBHOOK_SECRET.`;
  if (!data.url) return failed('webhook', 'webhook_url_missing', 'The App has no webhook URL.', cure);
  if (data.content_type !== 'json') {
    return failed('webhook', 'webhook_content_type', 'Webhooks are not sent as application/json.', cure);
  }
  if (!data.secret) return failed('webhook', 'webhook_secret_missing', 'Webhooks are not signed.', cure);
  if (expected !== null && data.url !== expected) {
    return failed(
      'webhook',
      'webhook_url_differs',
      `GitHub sends webhooks to ${neutralizeLog(data.url)}, and PUBLIC_URL says ${expected}.`,
      cure,
    );
  }
  if (String(data.insecure_ssl ?? '0') !== '0') {
    return warning(
      'webhook',
      'webhook_tls_unchecked',
      'GitHub does not check our TLS certificate.',
      'Enable SSL verification on the settings page of the App.',
    );
  }
  return ok('webhook', `Webhooks go to ${neutralizeLog(data.url)}, signed.`);
}

/** GitHub keeps deliveries for 3 days. */
async function checkDeliveries(octokit: Octokit, now: Date): Promise<Finding> {
  const { data } = await octokit.request('GET /app/hook/deliveries', {
    per_page: 100,
    request: askOnce(ASK_WITHIN_MS),
  });
  const [newest] = data;
  if (!newest) return skipped('deliveries', 'no_deliveries', 'GitHub has sent no webhook in 3 days.');
  const arrived = new Set(data.filter(hasArrived).map(({ guid }) => guid));
  const lost = new Set(data.filter(({ guid }) => !arrived.has(guid)).map(({ guid }) => guid));
  if (lost.size === 0) return ok('deliveries', `The last ${countOf(data.length, 'webhook')} arrived.`);
  const isCurrent = !hasArrived(newest);
  const all = new Set(data.map(({ guid }) => guid));
  const count = `${lost.size} of the last ${countOf(all.size, 'webhook')} did not arrive`;
  if (isCurrent && newest.status_code === 400) {
    return failed(
      'deliveries',
      'webhook_secret_differs',
      `${count}: the app answers 400 to the newest one.`,
      "Set WEBHOOK_SECRET to the secret on the App's settings page (or the other way round), restart the app, and redeliver.",
    );
  }
  const hours = Math.round((now.getTime() - Date.parse(newest.delivered_at)) / 3_600_000);
  const judge = isCurrent ? failed : warning;
  return judge(
    'deliveries',
    'deliveries_failed',
    `${count}; the newest one, ${hours} h ago, was answered "${neutralizeLog(newest.status, 60)}" (${newest.status_code}).`,
    'See that the app runs and GitHub reaches it (the check "public url"). What is not 3 days old can be sent again: Advanced, Recent Deliveries, on the settings page of the App.',
  );
}

function hasArrived(delivery: { status: string; status_code: number }): boolean {
  return isDelivered({ status: delivery.status, statusCode: delivery.status_code });
}

async function checkInstallations(octokit: Octokit, app: GitHubApp, config: Config): Promise<Finding[]> {
  const { data } = await octokit.request('GET /app/installations', {
    per_page: MAX_INSTALLATIONS,
    request: askOnce(ASK_WITHIN_MS),
  });
  if (data.length === 0) {
    return [
      failed(
        'installations',
        'not_installed',
        'The App is installed nowhere.',
        'Install it: settings page of the App, Install App.',
      ),
    ];
  }
  const served = config.allowedAccounts ?? [await app.ownerId()];
  return data.map((installation) => {
    const account = installation.account;
    const login = account && 'login' in account ? account.login : String(installation.id);
    const check = `installation ${neutralizeLog(String(login), 60)}`;
    const url = `${installation.html_url}`;
    if (!served.includes(account?.id ?? -1)) {
      return warning(
        check,
        'account_not_served',
        'Its webhooks are answered 202, and nothing is captured.',
        `Add ${account?.id} to ALLOWED_ACCOUNTS, or uninstall the App there (${url}).`,
      );
    }
    if (installation.suspended_at) {
      return failed(check, 'installation_suspended', 'It is suspended.', `Lift the suspension at ${url}.`);
    }
    return judgePermissions(
      check,
      installation.permissions as Permissions,
      `${url} (an owner of the account accepts new permissions there)`,
    );
  });
}
