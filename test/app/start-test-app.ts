import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto';
import { createApp, type RunningApp } from '../../app/create-app.ts';
import { createLog } from '../../app/log.ts';
import { type Config, loadConfig } from '../../src/config/config.ts';
import type { OpenDatabase } from '../../src/store/database.ts';

export const SECRET = 'a secret of the tests';

export interface TestApp extends RunningApp {
  /** Every line that was logged so far. */
  lines: Record<string, unknown>[];
  /** Posts a signed webhook as GitHub does. */
  post(event: string, payload: unknown, options?: PostOptions): Promise<{ status: number; body: Answer }>;
}

export interface PostOptions {
  delivery?: string;
  secret?: string;
  headers?: Record<string, string>;
}

export interface Answer {
  outcome?: string;
  error?: { code: string; message: string };
}

/** A key of no App; made once for a test file. */
const KEY = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}).privateKey;

/** The settings of an app whose GitHub is not there, unless `env` says where it is. */
export function testConfig(env: Record<string, string> = {}): Config {
  const loaded = loadConfig({
    APP_ID: '4711',
    PRIVATE_KEY: KEY,
    WEBHOOK_SECRET: SECRET,
    GHE_HOST: '127.0.0.1:9',
    GHE_PROTOCOL: 'http',
    ALLOW_EMBEDDED: '1',
    ALLOWED_ACCOUNTS: '9001',
    HOST: '127.0.0.1',
    PORT: '0',
    // Nothing is dispatched while a test looks at the rows.
    COALESCE_SECONDS: '600',
    ...env,
  });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.config;
}

/** The whole app on real HTTP. It closes the database with itself. */
export async function startTestApp(
  database: OpenDatabase,
  env: Record<string, string> = {},
): Promise<TestApp> {
  const lines: Record<string, unknown>[] = [];
  const log = createLog('info', { write: (line) => void lines.push(JSON.parse(line)) });
  const app = await createApp({ config: testConfig(env), log, database });
  return {
    ...app,
    lines,
    post: async (event, payload, options = {}) => {
      const response = await fetch(
        `${app.url}/api/github/webhooks`,
        signed(event, JSON.stringify(payload), options),
      );
      return { status: response.status, body: (await response.json()) as Answer };
    },
  };
}

/** A request as GitHub signs it. */
export function signed(event: string, body: string, options: PostOptions = {}) {
  return {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': event,
      'x-github-delivery': options.delivery ?? randomUUID(),
      'x-hub-signature-256': sign(body, options.secret),
      ...options.headers,
    },
  };
}

export function sign(body: string, secret = SECRET): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}
