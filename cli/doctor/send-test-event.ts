import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { INNGEST_EVENTS } from '../../src/dispatch/job-events.ts';
import { neutralizeLog } from '../../src/text/neutralize.ts';
import type { Check } from './context.ts';
import { type Finding, failed, ok, skipped } from './finding.ts';
import { createInngestApi } from './inngest-api.ts';

const Sent = z.object({ ids: z.array(z.string()).min(1) });
const Runs = z.object({
  data: z.array(z.object({ status: z.string(), output: z.unknown().optional() })).nullable(),
});
const CHECK = 'inngest test event';
const POLL_MS = 1_000;
const ENDED: Readonly<Record<string, 'completed' | 'failed'>> = {
  completed: 'completed',
  failed: 'failed',
  cancelled: 'failed',
};

/**
 * The whole way: an event to Inngest, its function in the app, a question to the database, and the outcome back. It costs
 * two executions.
 * @param patienceMs how long to wait for the run to end
 */
export function createTestEvent({ patienceMs = 30_000 }: { patienceMs?: number } = {}): Check {
  return {
    name: CHECK,
    asks: 'inngest',
    async run({ config }) {
      if (config.inngest.mode === 'off') return [skipped(CHECK, 'inngest_off', 'No keys are set.')];
      const api = createInngestApi(config.inngest);
      const nonce = randomUUID();
      const { name, version } = INNGEST_EVENTS.test;
      const startedAt = performance.now();
      const response = await api.send({ id: `doctor:${nonce}`, name, v: version, data: { nonce } });
      const sent = Sent.safeParse(await response.json().catch(() => null));
      const id = sent.data?.ids[0];
      if (!response.ok || id === undefined) {
        return [
          failed(
            CHECK,
            'event_refused',
            `Inngest answers ${response.status} to the event.`,
            'Set INNGEST_EVENT_KEY to an event key of the same environment.',
          ),
        ];
      }
      for (let last: Finding | null = null; ; ) {
        // The answer is cached for 15 s unless the address differs.
        const answer = await api.get(`/v1/events/${id}/runs?_=${randomUUID()}`);
        if (answer.status === 401 || answer.status === 403) return [notTold(answer.status)];
        const [run] = Runs.safeParse(await answer.json().catch(() => null)).data?.data ?? [];
        const ended = run && ENDED[run.status.toLowerCase()];
        const seconds = (performance.now() - startedAt) / 1_000;
        if (run && ended) return [judgeEnd(ended, run.output, nonce, seconds)];
        last = run ? notEnded(run.status) : notTriggered(answer.status);
        if (seconds * 1_000 >= patienceMs) return [last];
        await wait(POLL_MS);
      }
    },
  };
}

function judgeEnd(ended: 'completed' | 'failed', output: unknown, nonce: string, seconds: number): Finding {
  const text = JSON.stringify(output ?? null);
  if (ended === 'failed') return judgeFailure(text);
  // Not every server tells what a function answered.
  const isTold = output !== undefined && output !== null && output !== '';
  if (isTold && !text.includes(nonce)) {
    return failed(
      CHECK,
      'answered_by_another',
      'A function answered, and not with what was sent.',
      'See that one version of the app alone is registered under this name in this environment of Inngest.',
    );
  }
  return ok(CHECK, `Sent, carried out by the app, and back in ${seconds.toFixed(1)} s.`);
}

/**
 * Inngest's own words for a request that no function answered, as `inngest start` and `inngest dev` give them: the address does not answer
 * ("Unable to reach SDK URL"), or something there does that is not our app, or the app does not know Inngest's signature
 * ("Your server returned HTTP 401 before the SDK responded.").
 */
function judgeFailure(output: string): Finding {
  const said = neutralizeLog(output, 300);
  const status = /returned HTTP (\d{3}) before the SDK/.exec(output)?.[1];
  if (status === '401') {
    return failed(
      CHECK,
      'app_refuses_inngest',
      `The app refuses what Inngest asks: ${said}`,
      'Start the app with the same INNGEST_SIGNING_KEY as here, and let no proxy in front of it ask for a password.',
    );
  }
  if (status !== undefined || output.includes('Unable to reach SDK URL')) {
    return failed(
      CHECK,
      'app_not_reached',
      `Inngest does not reach the app: ${said}`,
      'See that the app runs and Inngest can reach PUBLIC_URL, and register the app at that address again (the check "inngest functions").',
    );
  }
  return failed(
    CHECK,
    'test_run_failed',
    `The function ran and failed: ${said}`,
    'See what the log of the app says; the function asks the database.',
  );
}

/** The event key is right, and the signing key, with which runs are asked for, is not. */
function notTold(status: number): Finding {
  return skipped(
    CHECK,
    'runs_not_told',
    `Inngest took the event, and does not tell what became of it (${status}): see the check "inngest signing key".`,
  );
}

function notTriggered(status: number): Finding {
  return failed(
    CHECK,
    'no_function_triggered',
    `Inngest took the event, and no function started (${status}).`,
    'Register the app (the check "inngest functions"), in the environment of the event key.',
  );
}

function notEnded(status: string): Finding {
  return failed(
    CHECK,
    'test_run_not_ended',
    `A function was started, and is still ${status.toLowerCase()}.`,
    'See that Inngest reaches the app (the check "inngest endpoint"), and that no other runs hold all of its steps.',
  );
}
