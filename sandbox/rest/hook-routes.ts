import type { Delivery } from '../webhooks/announce.ts';
import { type Call, HttpError, notFound, numberParam, type Route, route } from './router.ts';

function requireApp({ grant }: Call): void {
  if (grant.kind !== 'app') throw new HttpError(401, 'A JSON web token could not be decoded');
}

function representDelivery(delivery: Delivery) {
  return {
    id: delivery.id,
    guid: delivery.guid,
    delivered_at: delivery.deliveredAt,
    redelivery: delivery.isRedelivery,
    duration: delivery.durationSeconds,
    status: delivery.status,
    status_code: delivery.statusCode,
    event: delivery.event,
    action: delivery.action,
    installation_id: delivery.installationId,
    repository_id: delivery.repositoryId,
    throttled_at: null,
  };
}

function deliveryOf(call: Call): Delivery {
  requireApp(call);
  const delivery = call.sandbox.deliveries[numberParam(call, 'id') - 1];
  if (!delivery) throw notFound();
  return delivery;
}

/** Newest first; `cursor` is the id below which the page begins, given by `Link: rel=next`. */
function listDeliveries(call: Call) {
  requireApp(call);
  const { query, path } = call.request;
  const perPage = Math.min(100, Number(query.get('per_page') ?? 30));
  const cursor = query.get('cursor');
  const status = query.get('status');
  const wanted = [...call.sandbox.deliveries].reverse().filter(
    ({ id, statusCode }) =>
      (cursor === null || id < Number(cursor.replace('v1_', ''))) &&
      // GitHub counts 400 to 599 as failures: a time-out or a refused connection has no code at all.
      (status === null || (status === 'failure') === (statusCode >= 400 && statusCode <= 599)),
  );
  const page = wanted.slice(0, perPage);
  const last = page.at(-1);
  const next = new URLSearchParams(query);
  if (last) next.set('cursor', `v1_${last.id}`);
  return {
    status: 200,
    ...(last && wanted.length > page.length
      ? { headers: { link: `<${call.sandbox.apiUrl}${path}?${next}>; rel="next"` } }
      : {}),
    body: page.map(representDelivery),
  };
}

export const HOOK_ROUTES: Route[] = [
  route('GET /app/hook/deliveries', listDeliveries),
  route('GET /app/hook/deliveries/{id}', (call) => {
    const delivery = deliveryOf(call);
    return {
      status: 200,
      body: {
        ...representDelivery(delivery),
        url: call.sandbox.app.webhookUrl,
        request: { headers: {}, payload: delivery.payload },
        response: { headers: {}, payload: delivery.responseBody },
      },
    };
  }),
  route('POST /app/hook/deliveries/{id}/attempts', (call) => {
    const { id } = deliveryOf(call);
    if (!call.sandbox.app.webhookUrl) throw new HttpError(422, 'The App has no webhook URL.');
    // GitHub queues it and answers at once.
    void call.sandbox.redeliver(id);
    return { status: 202, body: {} };
  }),
  route('GET /app/hook/config', (call) => {
    requireApp(call);
    const { webhookUrl } = call.sandbox.app;
    return {
      status: 200,
      body: { content_type: 'json', insecure_ssl: '0', secret: '********', url: webhookUrl },
    };
  }),
];
