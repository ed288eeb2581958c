import { z } from 'zod';
import { type Config, DEFAULT_WEBHOOK_SECRET } from '../../src/config/config.ts';
import { isLocalHost } from '../../src/route/bulk-availability.ts';
import { ASK_WITHIN_MS, type Check } from './context.ts';
import { type Finding, failed, ok, warning } from './finding.ts';

const Health = z.object({ status: z.enum(['ok', 'setup']) });
const Readiness = z.object({ checks: z.record(z.string(), z.string()) });

/** Asked from this machine: what only GitHub can't reach (a firewall) shows in the check "deliveries". */
export const publicUrlCheck: Check = {
  name: 'public url',
  async run({ config, notAsked }) {
    const { publicUrl } = config.http;
    if (publicUrl === null) {
      const judge = config.bulk.workflow === null ? warning : failed;
      return [
        judge(
          'public url',
          'no_public_url',
          'PUBLIC_URL is not set, so no runner and no Inngest can find the app.',
          'Set PUBLIC_URL to the origin at which this app is reached, such as https://capture.example.com.',
        ),
      ];
    }
    // Where GHE_HOST is wrong, that is not known.
    const isGitHubLocal =
      notAsked.github !== undefined || isLocalHost(new URL(config.github.webUrl).hostname);
    if (isLocalHost(publicUrl.hostname) && !isGitHubLocal) {
      return [
        failed(
          'public url',
          'public_url_unreachable',
          `PUBLIC_URL (${publicUrl.origin}) is a loopback or private address, which ${config.github.host} and its runners can't reach.`,
          'Set PUBLIC_URL to a public https origin, or use a tunnel while developing (npm run dev -- --tunnel).',
        ),
      ];
    }
    return [
      ...(isLocalHost(publicUrl.hostname) ? [] : judgeExposure(config, publicUrl)),
      ...(await askApp(publicUrl.origin)),
    ];
  },
};

/** What is good enough on one's own machine, and not where everybody may call. */
function judgeExposure({ github }: Config, publicUrl: URL): Finding[] {
  const findings: Finding[] = [];
  if (publicUrl.protocol === 'http:') {
    findings.push(
      warning(
        'public url',
        'public_url_http',
        `PUBLIC_URL is ${publicUrl.origin}: tokens and rows travel over the network unencrypted.`,
        'Put TLS in front of the app, and set PUBLIC_URL to its https origin.',
      ),
    );
  }
  if (github.webhookSecret === DEFAULT_WEBHOOK_SECRET) {
    findings.push(
      warning(
        'webhook secret',
        'webhook_secret_default',
        'WEBHOOK_SECRET is the default, with which everybody can make webhooks that the app takes for those of GitHub.',
        "Set it, here and on the App's settings page, to a new one (openssl rand -hex 32), and restart the app.",
      ),
    );
  }
  return findings;
}

async function askApp(origin: string): Promise<Finding[]> {
  const unreachable = (said: string) => [
    failed(
      'public url',
      'app_unreachable',
      `${origin} ${said}.`,
      'Start the app, and see that DNS, the proxy and TLS in front of it lead to its HOST and PORT.',
    ),
  ];
  let health: Response;
  try {
    health = await fetch(`${origin}/healthz`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(ASK_WITHIN_MS),
    });
  } catch (error) {
    return unreachable(`does not answer (${reasonOf(error)})`);
  }
  if (!Health.safeParse(await health.json().catch(() => null)).success) {
    return unreachable(`answers ${health.status}, and not as this app does`);
  }
  const response = await fetch(`${origin}/readyz`, { signal: AbortSignal.timeout(ASK_WITHIN_MS) });
  const parsed = Readiness.safeParse(await response.json().catch(() => null));
  const wrong = Object.entries(parsed.data?.checks ?? {}).filter(
    ([, code]) => code !== 'ok' && code !== 'off',
  );
  if (response.ok) return [ok('public url', `The app answers at ${origin} and is ready.`)];
  return [
    failed(
      'public url',
      'app_not_ready',
      `The app answers at ${origin}, and is not ready: ${wrong.map(([name, code]) => `${name} ${code}`).join(', ') || response.status}.`,
      'The checks of these names here say what to do; docs/operations.md tells the codes.',
    ),
  ];
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return cause instanceof Error ? cause.name : String(cause);
}
