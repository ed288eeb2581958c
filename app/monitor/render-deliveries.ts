import {
  DELIVERY_OUTCOMES,
  type DeliveryOutcome,
  type FailedDelivery,
  type ListedDelivery,
} from '../../src/monitor/list-deliveries.ts';
import { type Html, html, type Part } from './html.ts';
import { renderTabs } from './layout.ts';
import { empty, section, table, time } from './render-parts.ts';

export const DELIVERIES_PER_PAGE = 50;

/** Jobs of one delivery that have a link each. */
const SHOWN_JOBS = 3;

const OUTCOME_NAMES: Record<DeliveryOutcome, string> = { planned: 'jobs', done: 'no job' };

/** What became of a delivery, in words. */
export function outcomeName(outcome: string): string {
  return OUTCOME_NAMES[outcome as DeliveryOutcome] ?? outcome.replaceAll('_', ' ');
}

/** What stands above the list: which deliveries are shown. */
export function renderDeliveriesHead(outcome: DeliveryOutcome | null): Html {
  const links = [null, ...DELIVERY_OUTCOMES].map((one) => ({
    href: deliveriesAddress({ outcome: one }),
    label: one === null ? 'All' : `Became ${OUTCOME_NAMES[one]}`,
    isCurrent: one === outcome,
  }));
  return html`<h1>Deliveries</h1>${renderTabs('Which deliveries', links)}`;
}

/** Single webhook deliveries, by section. `failed` is null for those who are not shown them. */
export function renderDeliveries(
  deliveries: readonly ListedDelivery[],
  { outcome, failed }: { outcome: DeliveryOutcome | null; failed: readonly FailedDelivery[] | null },
): Map<string, Html> {
  const last = deliveries.length === DELIVERIES_PER_PAGE ? deliveries.at(-1) : undefined;
  const next = last
    ? html`<p><a href="${deliveriesAddress({ outcome, after: last.id })}">Older deliveries</a></p>`
    : null;
  const list =
    deliveries.length === 0
      ? empty('There are no such deliveries.')
      : table(
          'Webhook deliveries, newest first',
          ['received', 'event', 'repository', 'became', 'GUID'],
          deliveries.map(renderRow),
        );
  return new Map([
    ...(failed && failed.length > 0
      ? [['failed', section('failed', 'Not received yet', renderFailed(failed), { wide: true })] as const]
      : []),
    ['list', section('list', 'Received, newest first', html`${list}${next}`, { wide: true })],
  ]);
}

function renderRow({
  id,
  event,
  action,
  receivedAt,
  repository,
  repositoryId,
  ...rest
}: ListedDelivery): Part[] {
  const { outcome, jobIds } = rest;
  const jobs = jobIds
    .slice(0, SHOWN_JOBS)
    .map((job) => html` <a href="/monitor/jobs/${job}"><code>${job.slice(0, 8)}</code></a>`);
  const more = jobIds.length - jobs.length;
  return [
    time(receivedAt),
    action === null ? event : `${event}.${action}`,
    repository === null
      ? html`<span class="muted">none that is stored</span>`
      : html`<a href="/monitor/repositories/${String(repositoryId)}">${repository}</a>`,
    jobIds.length === 0 ? outcomeName(outcome) : html`${jobs}${more > 0 ? ` and ${more} more` : null}`,
    html`<code data-key="${id}">${id}</code>`,
  ];
}

function renderFailed(failed: readonly FailedDelivery[]): Html {
  return html`<p>GitHub could not deliver these; it is asked to send them again, for 3 days.</p>${table(
    'Deliveries that failed so far, oldest first',
    ['event', 'GitHub says', 'first sent', 'last tried', 'asked for again', 'GUID'],
    failed.map(({ id, event, status, statusCode, firstDeliveredAt, lastTriedAt, requests }): Part[] => [
      event,
      `${status}${statusCode === 0 ? '' : ` (${statusCode})`}`,
      time(firstDeliveredAt),
      time(lastTriedAt),
      `${requests} times`,
      html`<code>${id}</code>`,
    ]),
  )}`;
}

function deliveriesAddress(filter: { outcome: DeliveryOutcome | null; after?: string }): string {
  const { outcome, after } = filter;
  const query = new URLSearchParams({ ...(outcome ? { outcome } : {}), ...(after ? { after } : {}) });
  return query.size === 0 ? '/monitor/deliveries' : `/monitor/deliveries?${query}`;
}
