/** The server says something every 2 s, or less often while its database is slow. */
const STALE_MS = 15_000;

/**
 * Replaces sections that have changed, and says so when nothing comes any more. What is unfolded stays unfolded, what is
 * scrolled stays scrolled, who stands on a link of a section still stands on it, and what is read stays where it is on the
 * screen, whatever comes above it.
 */
export function startLiveUpdates(afterChange) {
  const address = document.body.dataset.events;
  if (!address) return;
  const line = document.getElementById('connection');
  let heardMs = Date.now();
  let trouble = null;

  let source = null;
  // A page that nobody sees asks for nothing: browsers keep six streams to one host open, over all tabs.
  document.addEventListener('visibilitychange', connect);
  connect();
  setInterval(tell, 1_000);
  addEventListener('pagehide', () => source?.close());

  function connect() {
    source?.close();
    if (document.hidden) return;
    heardMs = Date.now();
    source = new EventSource(address);
    source.addEventListener('sections', (event) => {
      heardMs = Date.now();
      trouble = null;
      const { sections } = JSON.parse(event.data);
      for (const [id, text] of Object.entries(sections)) replaceSection(id, text, afterChange);
      tell();
    });
    source.addEventListener('trouble', () => {
      heardMs = Date.now();
      trouble = 'The app can not read its database at the moment: what you see is not up to date.';
      tell();
    });
  }

  function tell() {
    if (document.hidden) return;
    const silentMs = Date.now() - heardMs;
    const text =
      silentMs > STALE_MS
        ? `Nothing was heard from the app for ${Math.round(silentMs / 5_000) * 5} s: what you see is old. It connects again by itself.`
        : trouble;
    line.hidden = text === null;
    document.body.classList.toggle('stale', text !== null);
    if (text !== null && line.textContent !== text) line.textContent = text;
  }
}

function replaceSection(id, text, afterChange) {
  const old = document.querySelector(`[data-section="${CSS.escape(id)}"]`);
  if (!old) return;
  const template = document.createElement('template');
  template.innerHTML = text;
  const fresh = template.content.firstElementChild;
  if (!fresh) return;
  afterChange(fresh);
  // Text selected for copying would be lost.
  if (fresh.isEqualNode(old)) return;
  for (const details of old.querySelectorAll('details[data-key]')) {
    const same = fresh.querySelector(`details[data-key="${CSS.escape(details.dataset.key)}"]`);
    if (same) same.open = details.open;
  }
  const focused = old.contains(document.activeElement) ? pathOf(document.activeElement, old) : null;
  const scrolled = [...old.querySelectorAll('.scroll')].map(({ scrollLeft, scrollTop }) => [
    scrollLeft,
    scrollTop,
  ]);
  const place = placeIn(old);
  old.replaceWith(fresh);
  for (const [index, element] of [...fresh.querySelectorAll('.scroll')].entries()) {
    [element.scrollLeft, element.scrollTop] = scrolled[index] ?? [0, 0];
  }
  if (place) keepPlace(place, fresh);
  if (id === 'health') announce(old, fresh);
  if (focused) findByPath(focused, fresh)?.focus({ preventScroll: true });
}

/** The first item of a list that is seen whole; null at the top of the page, where what is new should be seen. */
function placeIn(section) {
  if (scrollY === 0) return null;
  for (const item of section.querySelectorAll('[data-key]')) {
    const { top } = item.getBoundingClientRect();
    if (top >= 0) return top < innerHeight ? { key: item.dataset.key, top } : null;
  }
  return null;
}

function keepPlace({ key, top }, section) {
  const item = section.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (item) scrollBy(0, item.getBoundingClientRect().top - top);
}

/** For those who do not see it change. */
function announce(old, fresh) {
  const [before, now] = [old, fresh].map((one) => one.querySelector('h1')?.textContent ?? '');
  if (before !== now) document.getElementById('verdict').textContent = `Now: ${now}`;
}

/** How the element with the focus is found again: by its address or its verb, else by its place among its like. */
function pathOf(element, root) {
  const { tagName } = element;
  const href = element.getAttribute('href');
  const { verb, repository } = element.dataset;
  const index = [...root.querySelectorAll(tagName)].indexOf(element);
  return { tagName, href, verb, repository, index };
}

function findByPath({ tagName, href, verb, repository, index }, root) {
  const all = [...root.querySelectorAll(tagName)];
  return (
    all.find((one) => href !== null && one.getAttribute('href') === href) ??
    all.find(
      ({ dataset }) => verb !== undefined && dataset.verb === verb && dataset.repository === repository,
    ) ??
    all[index]
  );
}
