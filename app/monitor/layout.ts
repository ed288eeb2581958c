import type { Viewer } from './access.ts';
import { type Html, html, long, raw } from './html.ts';

export interface PageOptions {
  title: string;
  body: Html;
  viewer: Viewer | null;
  /** The address of the live updates; null: the page has none. */
  events?: string | null;
  current?: (typeof PAGES)[number][0];
  /** For the console and the buttons; null: the page has none. */
  console?: { verbs: readonly object[]; control: string | null } | null;
}

const PAGES = [
  ['overview', '/monitor', 'Overview'],
  ['jobs', '/monitor/jobs', 'Jobs'],
  ['repositories', '/monitor/repositories', 'Repositories'],
  ['deliveries', '/monitor/deliveries', 'Deliveries'],
] as const;

/** Characters; what is searched for is a part of it, encoded twice. */
const MAX_ADDRESS = 8_000;

/** A whole page of the monitor. Nothing in it is inline that runs, and nothing comes from another host. */
export function renderLayout({ title, body, viewer, events, current, console }: PageOptions): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="same-origin">
${viewer?.csrf ? html`<meta name="csrf-token" content="${viewer.csrf}">` : null}
<title>${title} · Hybrid Capture</title>
<link rel="icon" href="/monitor/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/monitor/assets/monitor.css">
<script type="module" src="/monitor/assets/monitor.js"></script>
</head>
<body${events ? html` data-events="${long(events, MAX_ADDRESS)}"` : null}>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<p class="brand"><a href="/monitor">Hybrid Capture</a></p>
${viewer ? renderNavigation(current) : null}
${viewer ? renderViewer(viewer) : null}
</header>
<p id="connection" class="connection" role="status" hidden></p>
<p id="verdict" class="visually-hidden" role="status"></p>
<main id="main" tabindex="-1">
${body}
</main>
<footer>
${console ? html`<p>In this page's console: <code>rollout.help()</code>, the same verbs as <code>/rollout</code> comments.</p>` : null}
<p>Times are shown in your own zone.</p>
</footer>
${console ? renderConsole(console) : null}
</body>
</html>
`.text;
}

function renderNavigation(current: PageOptions['current']): Html {
  const links = PAGES.map(([name, href, label]) => ({ href, label, isCurrent: name === current }));
  return renderTabs('Pages', links);
}

/** Links of which one is where the reader is. */
export function renderTabs(
  label: string,
  links: readonly { href: string; label: string; isCurrent: boolean }[],
): Html {
  const items = links.map(
    ({ href, label: name, isCurrent }) =>
      html`<li><a class="tab" href="${long(href, MAX_ADDRESS)}"${isCurrent ? raw(' aria-current="page"') : null}>${name}</a></li>`,
  );
  return html`<nav aria-label="${label}"><ul class="tabs">${items}</ul></nav>`;
}

function renderViewer({ kind, person, level }: Viewer): Html {
  if (person) {
    return html`<div class="viewer"><span>@${person.login}${level ? html` <span class="muted">(${level})</span>` : null}</span>
<button type="button" class="plain" data-sign-out>Sign out</button></div>`;
  }
  return html`<div class="viewer"><span class="muted">${kind === 'token' ? 'read-only token' : 'this machine, read-only'}</span>
<a href="/monitor/sign-in">Sign in</a></div>`;
}

/** Data, not a script: no policy runs it. `<` is written so that no text in it can end the element. */
function renderConsole(console: NonNullable<PageOptions['console']>): Html {
  return html`<script type="application/json" id="console-data">${raw(JSON.stringify(console).replaceAll('<', '\\u003c'))}</script>
<dialog id="command" aria-labelledby="command-title"></dialog>`;
}
