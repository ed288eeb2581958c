import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withDatabase } from '../support/databases.ts';
import { startTestApp, type TestApp } from './start-test-app.ts';

interface Recorded {
  name: string;
  examples: Record<string, unknown>[];
}
const EXAMPLES = createRequire(import.meta.url)('@octokit/webhooks-examples') as Recorded[];

const database = withDatabase();
let app: TestApp;
beforeAll(async () => {
  const accounts = new Set<number>();
  for (const { examples } of EXAMPLES) {
    for (const example of examples) {
      const { repository, installation } = example as {
        repository?: { owner?: { id?: number } };
        installation?: { account?: { id?: number } };
      };
      for (const id of [repository?.owner?.id, installation?.account?.id]) if (id) accounts.add(id);
    }
  }
  app = await startTestApp(database(), { ALLOWED_ACCOUNTS: [...accounts].join(',') });
});
afterAll(() => app.close());

describe('the recorded payloads of @octokit/webhooks-examples', () => {
  it('are all received, and none fails', async () => {
    const answers: Record<string, number> = {};
    const failed: string[] = [];
    let sent = 0;
    for (const { name, examples } of EXAMPLES) {
      for (const example of examples) {
        // As the App would get it: its webhooks always name the installation.
        const payload =
          'repository' in example && !example.installation
            ? { ...example, installation: { id: 1 } }
            : example;
        const { status, body } = await app.post(name, payload);
        sent += 1;
        const code = `${status} ${body.outcome ?? body.error?.code}`;
        answers[code] = (answers[code] ?? 0) + 1;
        if (status >= 400)
          failed.push(`${name}.${String(example.action ?? '')}: ${code} ${body.error?.message ?? ''}`);
      }
    }
    expect(failed).toEqual([]);
    expect(sent).toBe(329);
    expect(answers['200 accepted']).toBeGreaterThan(80);
    expect(answers['202 unknown_event']).toBeGreaterThan(100);
    expect(app.lines.filter((line) => line.stage === 'webhook')).toHaveLength(sent);
    // What the jobs run into afterwards (there is no GitHub here) is not the deliveries' affair.
    const OWN = ['webhook', 'route', 'command', 'installation'];
    expect(app.lines.filter((line) => line.level === 'error' && OWN.includes(String(line.stage)))).toEqual(
      [],
    );
  });
});
