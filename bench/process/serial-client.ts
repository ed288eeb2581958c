import process from 'node:process';

/** What a serial client is to do; the first argument of the command line, as JSON. */
export interface SerialTask {
  url: string;
  token: string;
  queries: number;
}
export interface SerialMessage {
  wallMs: number;
}

const { url, token, queries } = JSON.parse(process.argv[2] ?? '{}') as SerialTask;
/** Some 1.1 s of the model, and a short answer, so that reading it is no part of what is measured. */
const QUERY = `{ repository(owner: "acme", name: "history") { pullRequests(first: 60) { nodes {
  number comments(first: 100) { totalCount } } } } }`;

async function ask(): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: QUERY }),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(text);
}

// The first ones are slow in any process: connection, compilation.
for (let count = 0; count < 3; count++) await ask();
const startedAt = performance.now();
for (let count = 0; count < queries; count++) await ask();
process.send?.({ wallMs: performance.now() - startedAt } satisfies SerialMessage);
process.disconnect?.();
