import type { GitHubApp, Octokit } from '../../app/github-app.ts';
import { askOnce } from '../../app/github-app.ts';
import type { Config } from '../../src/config/config.ts';
import { statusOf } from '../../src/github/status-of.ts';
import { countOf } from '../../src/text/count-of.ts';
import { neutralizeLog } from '../../src/text/neutralize.ts';
import { ASK_WITHIN_MS, type Check, type DoctorContext } from './context.ts';
import { type Finding, failed, ok, skipped, warning } from './finding.ts';
import { guard } from './guard.ts';
import { judgeWorkflowFile } from './judge-workflow-file.ts';

type Workflow = NonNullable<Config['bulk']['workflow']>;

export const jobsRepositoryChecks: Check = {
  name: 'jobs repository',
  asks: 'github',
  async run(context) {
    const { app, config } = context;
    const { workflow } = config.bulk;
    if (workflow === null) {
      return [
        skipped(
          'jobs repository',
          'no_capture_workflow',
          'CAPTURE_WORKFLOW is not set: no work runs in GitHub Actions.',
        ),
      ];
    }
    if (app === null) return [skipped('jobs repository', 'no_credentials', 'GitHub can not be asked.')];
    const { owner, repo } = workflow;
    const place = `${owner}/${repo}`;
    const octokit = await openInstallation(app, workflow);
    if (octokit === null) {
      return [
        failed(
          'jobs repository',
          'not_installed_on_jobs_repository',
          `The App is not installed on ${place}, or there is no such repository.`,
          `Install the App on ${place}, and check the spelling in CAPTURE_WORKFLOW.`,
        ),
      ];
    }
    const { data } = await octokit.request('GET /repos/{owner}/{repo}', {
      owner,
      repo,
      request: askOnce(ASK_WITHIN_MS),
    });
    const isPublic = data.visibility === 'public' || (data.visibility === undefined && !data.private);
    return [
      await checkVisibility(context, place, isPublic),
      ...(await guard('workflow file', async () => [
        await checkFile(octokit, workflow, data.default_branch, isPublic),
      ])),
      ...(await guard('jobs branch', async () => [await checkBranch(octokit, workflow)])),
    ];
  },
};

async function openInstallation(app: GitHubApp, { owner, repo }: Workflow): Promise<Octokit | null> {
  try {
    const asApp = await app.app();
    const { data } = await asApp.request('GET /repos/{owner}/{repo}/installation', {
      ...{ owner, repo },
      request: askOnce(ASK_WITHIN_MS),
    });
    return await app.installation(data.id);
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

/** Whoever can see the jobs repository sees the names and logs of its runs. */
async function checkVisibility({ db }: DoctorContext, place: string, isPublic: boolean): Promise<Finding> {
  if (!isPublic) return ok('jobs repository', `${place} is not public.`);
  const cure = `Make ${place} private.`;
  if (db === null) {
    return warning('jobs repository', 'public_jobs_repository', `${place} is public.`, cure);
  }
  const { count } = await db
    .selectFrom('repositories')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('is_private', '=', true)
    .where('removed_at', 'is', null)
    .where('installation_id', 'is not', null)
    .executeTakeFirstOrThrow();
  if (count === 0) return ok('jobs repository', `${place} is public, and so is all that is captured.`);
  return failed(
    'jobs repository',
    'private_captures_in_public_jobs_repository',
    `${place} is public, and bulk work of ${countOf(count, 'private repository')} does not run for that reason.`,
    cure,
  );
}

async function checkFile(
  octokit: Octokit,
  { owner, repo, path, ref }: Workflow,
  defaultBranch: string,
  isPublic: boolean,
): Promise<Finding> {
  const check = 'workflow file';
  const copy = `Copy workflows/bulk-capture.yml of this version to ${path} of ${owner}/${repo}`;
  for (const branch of new Set([ref, defaultBranch])) {
    const text = await readFile(octokit, { owner, repo, path, ref: branch });
    if (text === null) {
      return failed(
        check,
        'workflow_missing',
        `There is no ${path} on ${branch} of ${owner}/${repo}.`,
        `${copy}, on ${branch}; GitHub starts only workflows that are on the default branch (${neutralizeLog(defaultBranch, 100)}), too.`,
      );
    }
    const problem = judgeWorkflowFile(text, { sendsRepository: !isPublic });
    if (problem)
      return failed(check, problem.code, `${path} on ${branch}: ${problem.message}`, `${copy} again.`);
  }
  const { data } = await octokit.request('GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}', {
    ...{ owner, repo, workflow_id: path.split('/').at(-1) ?? path },
    request: askOnce(ASK_WITHIN_MS),
  });
  if (data.state !== 'active') {
    return failed(
      check,
      'workflow_disabled',
      `GitHub calls the workflow ${data.state}.`,
      `Enable it on the Actions tab of ${owner}/${repo} (and Actions in its settings).`,
    );
  }
  return ok(check, `${path} is there, with the inputs that are sent.`);
}

async function readFile(
  octokit: Octokit,
  parameters: { owner: string; repo: string; path: string; ref: string },
): Promise<string | null> {
  try {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/contents/{path}', {
      ...parameters,
      mediaType: { format: 'raw' },
      request: askOnce(ASK_WITHIN_MS),
    });
    return String(data);
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

/** Who can change the workflow on this branch can have its runs send what they capture elsewhere. */
async function checkBranch(octokit: Octokit, { owner, repo, ref }: Workflow): Promise<Finding> {
  const check = 'jobs branch';
  if (ref.startsWith('refs/')) return skipped(check, 'not_a_branch', `${ref} is no branch.`);
  try {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/branches/{branch}', {
      ...{ owner, repo, branch: ref },
      request: askOnce(ASK_WITHIN_MS),
    });
    if (data.protected) return ok(check, `${ref} is protected.`);
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
    return failed(
      check,
      'branch_missing',
      `There is no branch ${ref} in ${owner}/${repo}.`,
      'Correct CAPTURE_WORKFLOW.',
    );
  }
  return warning(
    check,
    'branch_unprotected',
    `${ref} of ${owner}/${repo} is not protected: who may push to it may change what the runs do with what they capture.`,
    `Protect ${ref} (Settings, Rules): changes only by reviewed pull requests.`,
  );
}
