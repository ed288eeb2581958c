import { describe, expect, it } from 'vitest';
import { createRunLinks } from '../../../app/monitor/run-links.ts';
import { testConfig } from '../start-test-app.ts';

const KEYS = { INNGEST_EVENT_KEY: 'event', INNGEST_SIGNING_KEY: 'signkey-prod-0123abcd' };
const RUN = '01JZ0000000000000000000000';

describe('where a run is shown', () => {
  it.each([
    ["Inngest's cloud", KEYS, `https://app.inngest.com/env/production/runs/${RUN}`],
    [
      'a server of its own',
      { ...KEYS, INNGEST_BASE_URL: 'https://inngest.example.com/' },
      `https://inngest.example.com/run?runID=${RUN}`,
    ],
    ['the dev server', { INNGEST_DEV: '1' }, `http://localhost:8288/run?runID=${RUN}`],
    ['a dev server elsewhere', { INNGEST_DEV: 'http://box:9000' }, `http://box:9000/run?runID=${RUN}`],
    ['without Inngest: nowhere', {}, null],
  ] as [string, Record<string, string>, string | null][])('%s', (_name, env, link) => {
    expect(createRunLinks(testConfig(env)).inngestRun(RUN)).toBe(link);
  });

  const workflow = { CAPTURE_WORKFLOW: 'acme/jobs/.github/workflows/bulk-capture.yml@main' };
  const web = 'http://127.0.0.1:9';
  it.each([
    ['a run of the jobs repository', workflow, true, `${web}/acme/jobs/actions/runs/7`],
    ["a run of the repository's own", workflow, false, `${web}/acme/a%22b/actions/runs/7`],
    ['the jobs repository is not known: nowhere', {}, true, null],
  ] as [string, Record<string, string>, boolean, string | null][])('%s', (_name, env, isExposed, link) => {
    const { workflowRun } = createRunLinks(testConfig(env));
    expect(workflowRun(7, { isExposed, repository: 'acme/a"b' })).toBe(link);
  });
});
