import { startConsole } from './console.js';
import { startLiveUpdates } from './live.js';

const HOUR_MS = 3_600_000;
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

/** Times in the reader's zone: near ones as "3 min. ago", the exact one on hovering. */
function showTimes(root) {
  for (const element of root.querySelectorAll('time')) {
    const at = new Date(element.dateTime);
    const distanceMs = at.getTime() - Date.now();
    const text = describe(distanceMs, at);
    if (element.textContent !== text) element.textContent = text;
    element.title = absolute.format(at);
  }
  for (const element of root.querySelectorAll('[data-hour]')) {
    element.textContent = clock.format(new Date(element.dataset.hour));
  }
}

function describe(distanceMs, at) {
  const size = Math.abs(distanceMs);
  if (size < 45_000) return distanceMs < 0 ? 'just now' : 'in a moment';
  if (size < HOUR_MS) return relative.format(Math.round(distanceMs / 60_000), 'minute');
  if (size < 24 * HOUR_MS) return relative.format(Math.round(distanceMs / HOUR_MS), 'hour');
  return absolute.format(at);
}

function startSignOut() {
  document.querySelector('[data-sign-out]')?.addEventListener('click', async () => {
    const token = document.querySelector('meta[name="csrf-token"]')?.content ?? '';
    await fetch('/monitor/sign-out', { method: 'POST', headers: { 'x-csrf-token': token } });
    location.assign('/monitor');
  });
}

if (matchMedia('(min-width: 60rem)').matches) {
  for (const details of document.querySelectorAll('[data-open-where-wide]')) details.open = true;
}
showTimes(document);
setInterval(() => showTimes(document), 10_000);
startLiveUpdates(showTimes);
startConsole();
startSignOut();
