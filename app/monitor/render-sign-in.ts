import type { Viewer } from './access.ts';
import { html } from './html.ts';
import { renderLayout } from './layout.ts';

/** The page for those who have not signed in. It tells nothing of what the app holds. */
export function renderSignIn(options: {
  hasGitHub: boolean;
  hasToken: boolean;
  /** A path of the monitor. */
  returnTo: string;
  problem?: string;
}): string {
  const query = new URLSearchParams({ to: options.returnTo }).toString();
  return renderLayout({
    title: 'Sign in',
    viewer: null,
    body: html`<section class="card narrow"><h1>Sign in</h1>
${options.problem ? html`<p class="error-text" role="alert">${options.problem}</p>` : null}
${
  options.hasGitHub
    ? html`<p>You see the repositories that GitHub shows to you. What you may change follows your permission in the control repository.</p>
<p><a class="button" href="/monitor/sign-in?${query}">Sign in through GitHub</a></p>`
    : html`<p>Signing in through GitHub needs <code>GITHUB_CLIENT_ID</code> and <code>GITHUB_CLIENT_SECRET</code>, which the App's settings page shows.</p>`
}
${
  options.hasToken
    ? html`<form method="post" action="/monitor/token"><h2>With the read-only token</h2>
<label for="token">MONITOR_TOKEN</label> <input id="token" name="token" type="password" autocomplete="off" required>
<button>Look</button></form>`
    : null
}</section>`,
  });
}

/** A page that says one thing. */
export function renderMessage(viewer: Viewer | null, title: string, text: string): string {
  return renderLayout({
    title,
    viewer,
    body: html`<section class="card narrow"><h1>${title}</h1><p>${text}</p><p><a href="/monitor">To the monitor</a></p></section>`,
  });
}
