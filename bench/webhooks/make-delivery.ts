import { createHmac, randomUUID } from 'node:crypto';
import examples from '@octokit/webhooks-examples' with { type: 'json' };
import { z } from 'zod';

/** Whose webhooks they are; the app serves this account. */
export const ACCOUNT_ID = 6_752_317;
export const WEBHOOK_SECRET = 'a secret of the bench';

export interface SignedDelivery {
  body: string;
  headers: Record<string, string>;
}

const Examples = z.array(
  z.object({ name: z.string(), examples: z.array(z.record(z.string(), z.unknown())) }),
);
const Payload = z.looseObject({
  repository: z.looseObject({ owner: z.looseObject({}) }),
  pull_request: z.looseObject({}),
});

/** GitHub's own example of a pull request's event, 20 to 30 KB as real ones are. */
const EXAMPLE = Payload.parse(
  Examples.parse(examples)
    .find(({ name }) => name === 'pull_request')
    ?.examples.find(({ action }) => action === 'synchronize'),
);

/** A new event of a pull request: every one has a number of its own, so each becomes a row of its own. */
export function createDeliveries(repositories: number): () => SignedDelivery {
  let count = 0;
  const [before = '', middle = '', after = ''] = templateOf().split('"@@"');
  return () => {
    count += 1;
    const repository = count % repositories;
    const number = 1 + Math.floor(count / repositories);
    const body = `${before}${firstRepositoryId + repository}${middle}${number}${after}`;
    return {
      body,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'GitHub-Hookshot/0000000',
        'x-github-event': 'pull_request',
        'x-github-delivery': randomUUID(),
        'x-hub-signature-256': `sha256=${createHmac('sha256', WEBHOOK_SECRET).update(body).digest('hex')}`,
      },
    };
  };
}

export const firstRepositoryId = 700_000_000;

/** The payload with two holes: the repository's id and the pull request's number. */
function templateOf(): string {
  const { repository, pull_request, ...rest } = EXAMPLE;
  return JSON.stringify({
    repository: { ...repository, owner: { ...repository.owner, id: ACCOUNT_ID }, id: '@@' },
    installation: { id: 4_711 },
    ...rest,
    pull_request: { ...pull_request, updated_at: new Date().toISOString(), number: '@@' },
  });
}
