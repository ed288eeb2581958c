import { z } from 'zod';
import { INNGEST_PATH } from '../../app/inngest/functions.ts';
import type { Config } from '../../src/config/config.ts';
import { INNGEST_EVENTS } from '../../src/dispatch/job-events.ts';
import { neutralizeLog } from '../../src/text/neutralize.ts';
import { ASK_WITHIN_MS, type Check } from './context.ts';
import { type Finding, failed, ok, skipped, warning } from './finding.ts';
import { createInngestApi, type InngestApi } from './inngest-api.ts';

/** As `app/inngest` names itself to Inngest. */
const APP_ID = 'hybrid-capture';
/** Where the functions are called, as far as Inngest tells it: `inngest dev` and `inngest start` do. */
const Functions = z.array(z.object({ config: z.object({ steps: z.array(z.object({ uri: z.string() })) }) }));

export const inngestChecks: Check = {
  name: 'inngest',
  asks: 'inngest',
  async run({ config }) {
    if (config.inngest.mode === 'off') {
      return [
        skipped('inngest', 'inngest_off', 'No keys are set: recent work is done by the worker in the app.'),
      ];
    }
    const api = createInngestApi(config.inngest);
    const eventKey = await checkEventKey(api);
    if (eventKey.code === 'inngest_unreachable') return [eventKey];
    return [eventKey, ...(await checkRegistration(api, config)), await checkEndpoint(config)];
  },
};

async function checkEventKey(api: InngestApi): Promise<Finding> {
  let status: number;
  try {
    status = await api.sendNothing();
  } catch {
    return failed(
      'inngest',
      'inngest_unreachable',
      `Inngest at ${api.eventUrl} does not answer.`,
      'Start the server, or correct INNGEST_BASE_URL or INNGEST_DEV.',
    );
  }
  if (status === 401 || status === 403 || status === 404) {
    return failed(
      'inngest event key',
      'event_key_wrong',
      `Inngest at ${api.eventUrl} refuses INNGEST_EVENT_KEY (${status}).`,
      'Set INNGEST_EVENT_KEY to an event key of the same environment (Manage, Event Keys; for "inngest start" that of --event-key).',
    );
  }
  if (status >= 500) {
    return failed(
      'inngest event key',
      'inngest_unavailable',
      `Inngest at ${api.eventUrl} answers ${status}.`,
      'See what its log says; a self-hosted server needs --event-key.',
    );
  }
  return ok('inngest event key', 'Inngest accepts it.');
}

async function checkRegistration(api: InngestApi, { http, inngest }: Config): Promise<Finding[]> {
  const response = await api.get(`/v1/apps/${APP_ID}/functions`);
  const url = `${http.publicUrl?.origin ?? '<PUBLIC_URL>'}${INNGEST_PATH}`;
  // With keys the app answers 401 to whoever is not Inngest.
  const register =
    inngest.mode === 'dev'
      ? `Register the app: curl -X PUT ${url}`
      : `Register ${url}: "Sync new app" on Inngest's Apps page, or for a server of your own "inngest start --sdk-url ${url}".`;
  if (response.status === 401 || response.status === 403) {
    return [
      failed(
        'inngest signing key',
        'signing_key_wrong',
        `Inngest refuses INNGEST_SIGNING_KEY (${response.status}).`,
        'Set INNGEST_SIGNING_KEY to that of the same environment (Manage, Signing Key; for "inngest start" that of --signing-key).',
      ),
    ];
  }
  const key = ok('inngest signing key', 'Inngest accepts it.');
  if (response.status === 404) {
    return [
      key,
      failed('inngest functions', 'functions_not_registered', 'Inngest does not know this app.', register),
    ];
  }
  if (!response.ok) {
    return [
      key,
      warning(
        'inngest functions',
        'functions_unknown',
        `Inngest answers ${response.status} to the question for its functions.`,
        'Try --send-test-event, which goes the whole way.',
      ),
    ];
  }
  const text = await response.text();
  const missing = Object.values(INNGEST_EVENTS).filter(({ name }) => !text.includes(`"${name}`));
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(', ');
    const message = `At Inngest no function is started by ${names}.`;
    return [key, failed('inngest functions', 'functions_not_registered', message, register)];
  }
  const elsewhere = http.publicUrl && findOtherOrigin(text, http.publicUrl);
  if (elsewhere) {
    const message = `Inngest calls the functions at ${neutralizeLog(elsewhere)}, and PUBLIC_URL is ${http.publicUrl?.origin}.`;
    return [key, failed('inngest functions', 'registered_elsewhere', message, register)];
  }
  return [key, ok('inngest functions', 'Every event starts a function.')];
}

/** Null: none is told of, or all are at our address. Inngest writes 127.0.0.1 as localhost. */
function findOtherOrigin(functions: string, publicUrl: URL): string | null {
  const steps = Functions.safeParse(JSON.parse(functions)).data?.flatMap(({ config }) => config.steps) ?? [];
  const origins = steps.filter(({ uri }) => URL.canParse(uri)).map(({ uri }) => originOf(new URL(uri)));
  return origins.find((origin) => origin !== originOf(publicUrl)) ?? null;
}

function originOf({ origin }: URL): string {
  return origin.replace('//127.0.0.1', '//localhost');
}

/**
 * What Inngest calls. Unsigned, as here, it answers 401 with a signing key, and 500 without one in cloud mode; all that the
 * SDK answers has its header (inngest 4, `helpers/env`), which tells it from a proxy that asks for a password.
 */
async function checkEndpoint({ http, inngest }: Config): Promise<Finding> {
  const check = 'inngest endpoint';
  if (http.publicUrl === null) return skipped(check, 'no_public_url', 'PUBLIC_URL is not set.');
  const url = `${http.publicUrl.origin}${INNGEST_PATH}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(ASK_WITHIN_MS) }).catch(() => null);
  const cure = 'Start the app with the same INNGEST_* variables as here.';
  if (response === null) return failed(check, 'app_unreachable', `${url} does not answer.`, cure);
  const { status, headers } = response;
  if (headers.get('x-inngest-sdk-handled') === null) {
    return failed(
      check,
      'endpoint_not_served',
      `${url} answers ${status}, and it is not the app that does.`,
      `${cure} Let the proxy in front of it pass ${INNGEST_PATH} on.`,
    );
  }
  const isServed = inngest.mode === 'dev' ? status === 200 : status === 401 || status === 200;
  if (isServed) return ok(check, `The app serves ${url}.`);
  return failed(check, 'endpoint_not_served', `${url} answers ${status}.`, cure);
}
