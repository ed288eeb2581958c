import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lastAttempt, type WorkflowRun } from '../../sandbox/runner/workflow-run.ts';
import { addPullRequest, fakeOid } from '../../sandbox/world/build.ts';
import { addMergeCommit } from '../../sandbox/world/settle.ts';
import { startGithub, type TestGithub } from './start.ts';

let github: TestGithub;
const PATH = '.github/workflows/try.yml';

beforeAll(async () => {
  github = await startGithub({
    runner: {
      actionDirectory: fileURLToPath(new URL('fixture-action', import.meta.url)),
      graceMs: [300, 300],
      minuteMs: 100,
    },
  });
  const { repository, sandbox } = github;
  repository.variables.set('APP_URL', 'https://app.example');
  repository.secrets.set('DEEP', 'a-secret-value');
  const mergeCommitOid = fakeOid('first');
  const merged = '2024-01-02T00:00:00Z';
  addMergeCommit(
    sandbox.world,
    addPullRequest(sandbox.world, repository, { title: 'x', createdAt: merged, mergeCommitOid }),
    merged,
  );
});
afterAll(() => github.sandbox.close());
beforeEach(() => github.repository.contents.set(PATH, workflow()));

const expression = (text: string) => `\${{ ${text} }}`;

function workflow({ extra = '', permissions = 'contents: read', timeout = '5', withs = '' } = {}): string {
  return `name: Try
run-name: Try ${expression("inputs.mode || 'nothing'")} ${expression('vars.APP_URL')}
on:
  workflow_dispatch:
    inputs:
      mode:
        required: true
        type: string
      speed:
        type: choice
        options: [slow, fast]
        default: slow
permissions:
  ${permissions}
${extra}
jobs:
  only:
    runs-on: ubuntu-latest
    timeout-minutes: ${timeout}
    steps:
      - uses: acme/try@v1
        with:
          mode: ${expression('inputs.mode')}
          ${withs}
`;
}

const dispatch = (inputs: object, more: object = { return_run_details: true }) =>
  github.rest('/repos/acme/web/actions/workflows/try.yml/dispatches', {
    method: 'POST',
    body: { ref: 'main', inputs, ...more },
  });

async function start(mode: string): Promise<WorkflowRun> {
  const { status, body } = await dispatch({ mode });
  expect(status).toBe(200);
  const run = github.sandbox.runner.runs.get(body.workflow_run_id);
  if (!run) throw new Error('no run');
  return run;
}

async function finish(mode: string) {
  const run = await start(mode);
  await github.sandbox.runner.idle();
  return lastAttempt(run);
}

const running = (run: WorkflowRun) =>
  expect.poll(() => lastAttempt(run).log?.lines ?? [], { timeout: 10_000 }).toContain('waiting');

describe('dispatch', () => {
  it('answers with the run that it started, or with nothing when not asked to', async () => {
    const { status, body } = await dispatch({ mode: 'nothing' });
    expect(status).toBe(200);
    const run = await github.rest(`/repos/acme/web/actions/runs/${body.workflow_run_id}`);
    expect(run.body).toMatchObject({
      event: 'workflow_dispatch',
      display_title: 'Try nothing https://app.example',
      path: '.github/workflows/try.yml@main',
      run_attempt: 1,
    });
    expect(body.run_url).toBe(run.body.url);
    expect((await dispatch({ mode: 'nothing' }, {})).status).toBe(204);
    await github.sandbox.runner.idle();
  });

  it.each([
    [
      'an input that is not declared',
      { mode: 'x', 'job-id': '1' },
      {},
      'Unexpected inputs provided: ["job-id"]',
    ],
    ['a required input that is missing', {}, {}, "Required input 'mode' not provided"],
    [
      'a choice that is not offered',
      { mode: 'x', speed: 'warp' },
      {},
      "Provided value 'warp' for input 'speed' not in the list of allowed values",
    ],
    ['a branch that is not there', { mode: 'x' }, { ref: 'nope' }, 'No ref found for: nope'],
    ['an unknown key', { mode: 'x' }, { input: 1 }, 'Invalid request.\n\n"input" is not a permitted key.'],
  ])('refuses %s with 422', async (_name, inputs, more, message) => {
    const { status, body } = await dispatch(inputs, more);
    expect({ status, message: body.message }).toEqual({ status: 422, message });
  });

  it('refuses a workflow that is not there, and a token that may not', async () => {
    const missing = await github.rest('/repos/acme/web/actions/workflows/none.yml/dispatches', {
      method: 'POST',
      body: { ref: 'main' },
    });
    expect(missing.status).toBe(404);
    const { repositoryIds } = github.installation;
    const { token } = github.sandbox.tokens.issueInstallationToken(github.installation, {
      repositoryIds,
      permissions: { actions: 'read' },
    });
    const forbidden = await github.rest('/repos/acme/web/actions/workflows/try.yml/dispatches', {
      method: 'POST',
      body: { ref: 'main', inputs: { mode: 'x' } },
      token,
    });
    expect([forbidden.status, forbidden.headers.get('x-accepted-github-permissions')]).toEqual([
      403,
      'actions=write',
    ]);
  });
});

describe('what a workflow file may not have', () => {
  const second = '  second:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: a/b@v1\n';
  it.each([
    ['environment variables', workflow({ extra: 'env:\n  A: b' }), 'the workflow has "env"'],
    ['concurrency', workflow({ extra: 'concurrency: one' }), 'the workflow has "concurrency"'],
    ['two jobs', `${workflow()}${second}`, 'the workflow has 2 jobs'],
    ['two steps', `${workflow()}      - run: echo hello\n`, 'job only has 2 steps'],
    ['a condition', workflow().replace('- uses', '- if: always()\n        uses'), 'the step has "if"'],
    ['a syntax error', workflow().replace('steps:', 'stops:'), 'Invalid workflow file'],
  ])('%s: refused, never skipped', async (_name, content, message) => {
    github.repository.contents.set(PATH, content);
    const { status, body } = await dispatch({ mode: 'x' });
    expect(status).toBe(422);
    expect(body.message).toContain(message);
  });
});

describe('a run', () => {
  it('gets the environment that a runner gives, and nothing of ours', async () => {
    process.env.OURS_ALONE = 'must not leak';
    github.repository.contents.set(PATH, workflow({ withs: `unset: ${expression('secrets.DEEP')}` }));
    const run = await start('report');
    await github.sandbox.runner.idle();
    const attempt = lastAttempt(run);
    expect(attempt).toMatchObject({
      status: 'completed',
      conclusion: 'success',
      exitCode: 0,
      summary: '# Done\n',
      problem: null,
    });
    expect(attempt.outputs.plain).toBe('1');
    const { env, event } = JSON.parse(attempt.outputs.answer ?? '');
    expect(env).toMatchObject({
      INPUT_MODE: 'report',
      INPUT_TWO_WORDS: `acme/web at ${run.id}`,
      INPUT_UNSET: 'a-secret-value',
      GITHUB_API_URL: github.sandbox.apiUrl,
      GITHUB_GRAPHQL_URL: github.sandbox.graphqlUrl,
      GITHUB_REPOSITORY: 'acme/web',
      GITHUB_REPOSITORY_ID: String(github.repository.id),
      GITHUB_RUN_ID: String(run.id),
      GITHUB_RUN_ATTEMPT: '1',
      GITHUB_EVENT_NAME: 'workflow_dispatch',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_SHA: fakeOid('first'),
      GITHUB_WORKFLOW_REF: 'acme/web/.github/workflows/try.yml@refs/heads/main',
      CI: 'true',
      GITHUB_ACTIONS: 'true',
    });
    expect(env['INPUT_GITHUB-TOKEN']).toMatch(/^ghs_/);
    expect(env).not.toHaveProperty('OURS_ALONE');
    expect(env).not.toHaveProperty('ACTIONS_ID_TOKEN_REQUEST_URL');
    expect(event).toMatchObject({
      inputs: { mode: 'report', speed: 'slow' },
      repository: { id: github.repository.id },
    });
  });

  it("has its log read as GitHub's runner reads it", async () => {
    const { log } = await finish('report');
    expect(log?.groups).toEqual(['Work']);
    expect(log?.lines).toContain('this is ***, and the token is ***');
    expect(log?.annotations).toEqual([
      { level: 'warning', message: 'careful\nwith two lines', properties: { file: 'a.ts', line: '3' } },
      { level: 'error', message: 'gotcha', properties: {} },
    ]);
  });

  it('fails with the exit code of the Action', async () => {
    expect(await finish('fail')).toMatchObject({ conclusion: 'failure', exitCode: 3 });
  });

  it('is cancelled by SIGINT; one that ignores the signals is killed', async () => {
    for (const [mode, exitCode] of [
      ['wait', 0],
      ['stubborn', null],
    ] as const) {
      const run = await start(mode);
      await running(run);
      const { status } = await github.rest(`/repos/acme/web/actions/runs/${run.id}/cancel`, {
        method: 'POST',
      });
      expect(status).toBe(202);
      await github.sandbox.runner.idle();
      expect(lastAttempt(run)).toMatchObject({ status: 'completed', conclusion: 'cancelled', exitCode });
      const pid = lastAttempt(run).pid ?? 0;
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    }
  });

  it('ends at its timeout-minutes', async () => {
    github.repository.contents.set(PATH, workflow({ timeout: '4' }));
    const attempt = await finish('wait');
    expect(attempt).toMatchObject({
      conclusion: 'cancelled',
      problem: 'The job has exceeded the maximum execution time of 4m0s',
    });
  });

  it('runs again as the next attempt', async () => {
    const run = await start('report');
    await github.sandbox.runner.idle();
    const path = `/repos/acme/web/actions/runs/${run.id}`;
    expect((await github.rest(`${path}/rerun`, { method: 'POST' })).status).toBe(201);
    await github.sandbox.runner.idle();
    expect((await github.rest(path)).body).toMatchObject({ run_attempt: 2, conclusion: 'success' });
    expect((await github.rest(`${path}/attempts/1`)).body).toMatchObject({ run_attempt: 1 });
    expect(JSON.parse(lastAttempt(run).outputs.answer ?? '').env.GITHUB_RUN_ATTEMPT).toBe('2');
  });

  it('stays queued while no runner is free, and can end in any conclusion', async () => {
    const { runner } = github.sandbox;
    runner.isHeld = true;
    const [one, two] = [await start('report'), await start('report')];
    await runner.idle();
    expect(lastAttempt(one).status).toBe('queued');
    await runner.conclude(one, 'startup_failure');
    runner.release();
    await runner.idle();
    expect([lastAttempt(one).conclusion, lastAttempt(two).conclusion]).toEqual([
      'startup_failure',
      'success',
    ]);
  });
});

describe('OIDC', () => {
  const AUDIENCE = 'https://app.example';
  const keys = () => createRemoteJWKSet(new URL(`${github.sandbox.oidc.issuer}/.well-known/jwks`));
  const verify = (token: string) =>
    jwtVerify(token, keys(), {
      issuer: github.sandbox.oidc.issuer,
      audience: AUDIENCE,
      algorithms: ['RS256'],
    });

  async function runWithToken() {
    github.repository.contents.set(PATH, workflow({ permissions: 'id-token: write' }));
    const run = await start('oidc');
    await github.sandbox.runner.idle();
    return { run, token: lastAttempt(run).outputs.answer ?? '' };
  }

  it('gives a run with id-token: write a token that says who it is', async () => {
    const { run, token } = await runWithToken();
    const { payload } = await verify(token);
    expect(payload).toMatchObject({
      repository: 'acme/web',
      repository_id: String(github.repository.id),
      workflow_ref: 'acme/web/.github/workflows/try.yml@refs/heads/main',
      run_id: String(run.id),
      run_attempt: '1',
      event_name: 'workflow_dispatch',
      runner_environment: 'github-hosted',
      sub: `repo:acme@${github.repository.owner.id}/web@${github.repository.id}:ref:refs/heads/main`,
    });
    const { iat = 0, exp = 0, nbf = 0 } = payload;
    expect([exp - iat, iat - nbf]).toEqual([300, 600]);
  });

  it('publishes where its keys are', async () => {
    const response = await fetch(`${github.sandbox.oidc.issuer}/.well-known/openid-configuration`);
    expect(await response.json()).toMatchObject({
      issuer: github.sandbox.oidc.issuer,
      jwks_uri: `${github.sandbox.oidc.issuer}/.well-known/jwks`,
    });
  });

  it('gives nothing to who is not a run', async () => {
    const { run } = await runWithToken();
    const response = await fetch(`${github.sandbox.webUrl}/_services/run-token/${run.id}?audience=x`, {
      headers: { authorization: 'bearer guessed' },
    });
    expect(response.status).toBe(401);
  });

  it('mints what must be refused', async () => {
    const { run } = await runWithToken();
    const { oidc } = github.sandbox;
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await verify(await oidc.mint(run, { audience: AUDIENCE }));
    await expect(verify(await oidc.mint(run, { audience: 'https://elsewhere' }))).rejects.toThrow('"aud"');
    const past = Math.floor(Date.now() / 1000) - 60;
    await expect(verify(await oidc.mint(run, { audience: AUDIENCE, claims: { exp: past } }))).rejects.toThrow(
      '"exp"',
    );
    await expect(verify(await oidc.mint(run, { audience: AUDIENCE, claims: { iss: 'x' } }))).rejects.toThrow(
      '"iss"',
    );
    await expect(verify(await oidc.mint(run, { audience: AUDIENCE, key: privateKey }))).rejects.toThrow(
      'signature',
    );
    const symmetric = {
      audience: AUDIENCE,
      key: new TextEncoder().encode('x'.repeat(32)),
      algorithm: 'HS256',
    };
    await expect(verify(await oidc.mint(run, symmetric))).rejects.toThrow('"alg"');
  });
});

it("carries out the project's own workflow file", async () => {
  github.repository.contents.set(
    '.github/workflows/bulk-capture.yml',
    readFileSync('workflows/bulk-capture.yml', 'utf8'),
  );
  const answer = await github.rest('/repos/acme/web/actions/workflows/bulk-capture.yml/dispatches', {
    method: 'POST',
    body: { ref: 'main', inputs: { 'job-id': 'j-1', repository: 'acme/web' }, return_run_details: true },
  });
  expect(answer.status).toBe(200);
  await github.sandbox.runner.idle();
  const run = github.sandbox.runner.runs.get(answer.body.workflow_run_id);
  expect(run?.displayTitle).toBe('acme/web, capture, job j-1');
});
