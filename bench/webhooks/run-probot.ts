import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createNodeMiddleware, createProbot } from 'probot';
import { report } from './report-process.ts';

/** What there is to be compared with: a Probot app whose handler does nothing. */
const probot = createProbot();
const middleware = await createNodeMiddleware(
  (app) => {
    app.on('pull_request', () => {});
  },
  { probot, webhooksPath: '/api/github/webhooks' },
);
const server = createServer((request, response) => {
  void middleware(request, response);
});
server.listen(0, '127.0.0.1', () => {
  report(`http://127.0.0.1:${(server.address() as AddressInfo).port}/api/github/webhooks`);
});
