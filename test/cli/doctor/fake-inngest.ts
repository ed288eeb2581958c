import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hashSigningKey } from '../../../cli/doctor/inngest-api.ts';
import { INNGEST_EVENTS } from '../../../src/dispatch/job-events.ts';

export const EVENT_KEY = 'the-event-key-of-the-tests';
export const SIGNING_KEY = 'signkey-prod-00112233445566778899aabbccddeeff';

/** As much of `inngest start` as the doctor asks: keys are checked, functions are listed, events make runs. */
export async function startFakeInngest() {
  const state = {
    isRegistered: true,
    /** What becomes of the test event. */
    run: 'Completed' as 'Completed' | 'Failed' | 'none',
    /** What a run that failed answered. */
    output: { message: 'it broke' } as object,
    /** Where the functions are called; null: that is not told, as by Inngest's cloud. */
    uri: null as string | null,
    sent: [] as unknown[],
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const answer = (status: number, value: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname.startsWith('/e/')) {
      if (pathname !== `/e/${EVENT_KEY}`) return answer(401, { error: 'Event key not found' });
      const events = JSON.parse(body) as unknown[];
      state.sent.push(...events);
      return answer(200, { ids: events.map((_, index) => `01EVENT${index}`), status: 200 });
    }
    if (request.headers.authorization !== `Bearer ${hashSigningKey(SIGNING_KEY)}`) {
      return answer(401, { error: 'No auth found' });
    }
    if (pathname === '/v1/apps/hybrid-capture/functions') {
      const functions = Object.values(INNGEST_EVENTS).map(({ name }, index) => ({
        slug: `hybrid-capture-${index}`,
        config: {
          triggers: [{ event: name }],
          ...(state.uri === null ? {} : { steps: [{ id: 'step', uri: `${state.uri}?fnId=x` }] }),
        },
      }));
      return answer(200, state.isRegistered ? functions : null);
    }
    if (pathname === '/v1/events/01EVENT0/runs') {
      const [event] = state.sent.slice(-1) as { data: { nonce: string } }[];
      const output = state.run === 'Completed' ? { nonce: event?.data.nonce } : state.output;
      return answer(200, {
        data: state.run === 'none' ? [] : [{ run_id: '01RUN', status: state.run, output }],
      });
    }
    return answer(404, { error: 'Not found' });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    state,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}
