import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DispatchError, type DueJob } from '../../src/dispatch/dispatcher.ts';
import { createWorkflowDispatcher } from '../../src/dispatch/workflow-dispatcher.ts';
import type { Job, JobRun } from '../../src/jobs/job.ts';

interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

const JOB_ID = '4c2d9a52-8a3b-4a0e-9f57-3d3c2a3b1f10';
const DUE = {
  id: JOB_ID,
  job_type: 'history',
  items: [],
  include: ['pull-requests'],
  range_since: new Date('2026-01-31T00:00:00Z'),
  range_until: null,
  repository: { fullName: 'acme/widgets', isPrivate: false },
} as unknown as DueJob;
const WORKFLOW = { owner: 'acme', repo: 'jobs', path: '.github/workflows/bulk-capture.yml', ref: 'main' };
const DISPATCHES = '/repos/acme/jobs/actions/workflows/bulk-capture.yml/dispatches';

describe('dispatching a workflow run', () => {
  let server: Server;
  let answers: Answer[];
  let asked: { method: string; path: string; authorization: string | undefined; body: unknown }[];
  beforeEach(async () => {
    answers = [];
    asked = [];
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      asked.push({
        method: request.method ?? '',
        path: request.url ?? '',
        authorization: request.headers.authorization,
        body: text === '' ? null : JSON.parse(text),
      });
      const { status, body, headers = {} } = answers.shift() ?? { status: 500 };
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const make = (isPublic = false) =>
    createWorkflowDispatcher({
      workflow: WORKFLOW,
      apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      token: async () => 'token-1',
      isJobsRepositoryPublic: () => isPublic,
    });
  const refused = async (answer: Answer): Promise<DispatchError> => {
    answers = [answer];
    const error = await make()
      .dispatch(DUE, 1)
      .catch((caught: unknown) => caught);
    if (!(error instanceof DispatchError)) throw new Error(`not a DispatchError: ${error}`);
    return error;
  };

  test.each([202, 404, 409])('cancels a run; %i is no error', async (status) => {
    answers = [{ status, body: {} }];
    await make().cancel?.(77);
    expect(asked).toMatchObject([
      { method: 'POST', path: '/repos/acme/jobs/actions/runs/77/cancel', authorization: 'Bearer token-1' },
    ]);
  });

  test('says when GitHub does not cancel a run', async () => {
    answers = [{ status: 500, body: {} }];
    await expect(make().cancel?.(77)).rejects.toThrow(
      'GitHub answered 500 to the cancellation of workflow run 77.',
    );
  });

  test('sends job id, repository and range, and learns the run id', async () => {
    answers = [{ status: 200, body: { workflow_run_id: 77, run_url: '', html_url: '' } }];
    expect(await make().dispatch(DUE, 1)).toEqual({ workflowRunId: 77 });
    expect(asked).toEqual([
      {
        method: 'POST',
        path: DISPATCHES,
        authorization: 'Bearer token-1',
        body: {
          ref: 'main',
          inputs: {
            'job-id': JOB_ID,
            repository: 'acme/widgets',
            range: 'pull-requests since 2026-01-31 00:00 UTC',
          },
          return_run_details: true,
        },
      },
    ]);
  });

  test('does not tell the repository where the world reads the names of runs', async () => {
    answers = [{ status: 200, body: { workflow_run_id: 77 } }];
    await make(true).dispatch(DUE, 1);
    expect(asked.map(({ body }) => (body as { inputs: object }).inputs)).toEqual([{ 'job-id': JOB_ID }]);
  });

  test.each([
    { status: 400, body: { message: 'Invalid request.\n\n"return_run_details" is not a permitted key.' } },
    { status: 422, body: { message: '"return_run_details" is not a permitted key.' } },
  ])(
    'a server that refuses return_run_details ($status) is asked without it from then on',
    async (refusal) => {
      answers = [refusal, { status: 204 }, { status: 204 }];
      const dispatcher = make();
      expect(await dispatcher.dispatch(DUE, 1)).toEqual({});
      expect(await dispatcher.dispatch(DUE, 2)).toEqual({});
      expect(asked.map(({ body }) => Object.hasOwn(body as object, 'return_run_details'))).toEqual([
        true,
        false,
        false,
      ]);
    },
  );

  test('a copy of the workflow that is older than the range is started without it', async () => {
    const body = { message: 'Unexpected inputs provided: ["range"]' };
    answers = [{ status: 422, body }, { status: 204 }];
    expect(await make().dispatch(DUE, 1)).toEqual({});
    expect(asked.map((one) => Object.keys((one.body as { inputs: object }).inputs))).toEqual([
      ['job-id', 'repository', 'range'],
      ['job-id', 'repository'],
    ]);
  });

  test('unknown or missing inputs are named, with the cure', async () => {
    const error = await refused({ status: 422, body: { message: 'Unexpected inputs provided: ["job-id"]' } });
    expect(error).toMatchObject({ code: 'inputs_refused', isBlocked: true });
    expect(error.message).toContain('Unexpected inputs provided: ["job-id"]');
    expect(error.cure).toContain('"job-id", "repository", "range"');
  });

  test.each([
    [
      { status: 403, body: { message: 'Resource not accessible by integration' } },
      'forbidden',
      true,
      'Actions: write',
    ],
    [{ status: 404, body: { message: 'Not Found' } }, 'workflow_not_found', true, 'CAPTURE_WORKFLOW'],
    [{ status: 422, body: { message: 'No ref found for: main' } }, 'dispatch_refused', true, '"main"'],
    [
      { status: 422, body: { message: "Cannot trigger a 'workflow_dispatch' on a disabled workflow" } },
      'dispatch_refused',
      true,
      'that it is enabled',
    ],
    [
      { status: 403, body: { message: 'You have exceeded a secondary rate limit' } },
      'rate_limited',
      false,
      'tried again',
    ],
    [
      { status: 403, headers: { 'retry-after': '60' }, body: { message: 'wait' } },
      'rate_limited',
      false,
      'tried',
    ],
    [{ status: 429, body: { message: 'Too many' } }, 'rate_limited', false, 'tried again'],
    [{ status: 401, body: { message: 'Bad credentials' } }, 'unauthorized', false, 'new token'],
    [{ status: 502, body: { message: 'Server Error' } }, 'github_unavailable', false, 'tried again'],
  ])('%o: %s', async (answer, code, isBlocked, cure) => {
    const error = await refused(answer);
    expect(error).toMatchObject({ code, isBlocked });
    expect(error.cure).toContain(cure);
    expect(error.message).toContain(`GitHub answered ${answer.status}`);
    expect(error.message).toContain(answer.body.message);
  });

  test.each([
    [403, true],
    [404, true],
    [422, true],
    [401, false],
    [500, false],
    [undefined, false],
    [403, false, 'You have exceeded a secondary rate limit.'],
  ])('no token, HTTP %s: blocked is %s', async (status, isBlocked, message = 'no') => {
    const dispatcher = createWorkflowDispatcher({
      workflow: WORKFLOW,
      apiUrl: 'http://127.0.0.1:9',
      token: () => Promise.reject(Object.assign(new Error(message), status === undefined ? {} : { status })),
      isJobsRepositoryPublic: () => false,
    });
    const error = await dispatcher.dispatch(DUE, 1).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DispatchError);
    expect(error).toMatchObject({ isBlocked, code: isBlocked ? 'no_token' : 'github_unreachable' });
  });

  test('no connection: tried again', async () => {
    const dispatcher = createWorkflowDispatcher({
      workflow: WORKFLOW,
      apiUrl: 'http://127.0.0.1:1',
      token: async () => 't',
      isJobsRepositoryPublic: () => false,
    });
    await expect(dispatcher.dispatch(DUE, 1)).rejects.toMatchObject({
      code: 'github_unreachable',
      isBlocked: false,
    });
  });

  describe('a run that has not begun', () => {
    const job = { id: JOB_ID } as Job;
    const extend = (answer: Answer, workflowRunId: number | null = 77) => {
      answers = [answer];
      return make().extendLease?.(job, { workflow_run_id: workflowRunId } as JobRun);
    };

    test.each(['queued', 'waiting', 'requested', 'pending', 'in_progress'])(
      'keeps its lease while %s',
      async (status) => {
        expect(await extend({ status: 200, body: { id: 77, status } })).toBe(900_000);
        expect(asked[0]?.path).toBe('/repos/acme/jobs/actions/runs/77');
      },
    );

    test('is lost when it is completed or gone', async () => {
      expect(await extend({ status: 200, body: { id: 77, status: 'completed' } })).toBeNull();
      expect(await extend({ status: 404, body: { message: 'Not Found' } })).toBeNull();
    });

    test('is not known to be lost while GitHub can not be asked', async () => {
      expect(await extend({ status: 503 })).toBe(900_000);
    });

    test('is found by its name where its id is not known', async () => {
      const runs = (title: string) => ({
        workflow_runs: [
          { id: 1, status: 'completed', display_title: 'Capture something else' },
          { id: 2, status: 'queued', display_title: title },
        ],
      });
      expect(await extend({ status: 200, body: runs(`Capture acme/widgets (${JOB_ID})`) }, null)).toBe(
        900_000,
      );
      expect(asked[0]?.path).toContain('/actions/workflows/bulk-capture.yml/runs?event=workflow_dispatch');
      expect(await extend({ status: 200, body: runs('Capture') }, null)).toBeNull();
    });
  });
});
