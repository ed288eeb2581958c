import { randomBytes } from 'node:crypto';
import { isoSeconds } from '../clock.ts';
import type { SandboxCore } from '../sandbox.ts';
import type { Announce } from '../webhooks/announce.ts';
import type { Actor, Permission, Repository } from '../world/model.ts';
import { inputVariables, readActionFile } from './action-file.ts';
import { type Contexts, evaluateText, WorkflowError } from './evaluate.ts';
import { representWorkflow, representWorkflowRun } from './represent-run.ts';
import { githubContext, runnerVariables } from './run-context.ts';
import { createRunLog } from './run-log.ts';
import { type RunningProcess, startProcess } from './run-process.ts';
import { DEFAULT_TIMEOUT_MINUTES, judgeInputs, parseWorkflowFile } from './workflow-file.ts';
import { type Conclusion, lastAttempt, type RunAttempt, type WorkflowRun } from './workflow-run.ts';

export interface RunnerOptions {
  /** Directory with the `action.yml` that every `uses:` stands for. */
  actionDirectory: string;
  /** The Node 24 that runs the Action; default: the one that runs this process. */
  nodePath?: string;
  /** Milliseconds that a minute of `timeout-minutes` takes (tests shorten it). */
  minuteMs?: number;
  /** Milliseconds between SIGINT, SIGTERM and SIGKILL when a run is cancelled. */
  graceMs?: readonly [number, number];
}

export interface Runner {
  /** While true, new runs stay queued, as when no runner is free. */
  isHeld: boolean;
  readonly runs: ReadonlyMap<number, WorkflowRun>;
  /** Starts a run as a dispatch does; GitHub's words when it refuses. */
  dispatch(
    repository: Repository,
    path: string,
    request: { ref: string; inputs: Record<string, unknown>; actor: Actor },
  ): { run: WorkflowRun } | { refusal: string };
  /** Starts a run as the schedule of the workflow does. */
  schedule(repository: Repository, path: string): WorkflowRun;
  cancel(run: WorkflowRun): void;
  /** Runs it again with the next attempt number. */
  rerun(run: WorkflowRun): void;
  /** Lets the runs that were held begin. */
  release(): void;
  /** Ends a held run without running it, with any conclusion that GitHub knows. */
  conclude(run: WorkflowRun, conclusion: Conclusion): Promise<void>;
  /** The run whose request token this is, for the OIDC endpoint. */
  findByOidcToken(token: string): WorkflowRun | undefined;
  /** Resolves when no run is under way; runs that are held don't count. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

const RUN_IDS_FROM = 19_000_000_001;

/** Stands for GitHub Actions: carries out dispatched workflow files, each run in a process of its own. */
export function createRunner(core: SandboxCore, announce: Announce, options: RunnerOptions | null): Runner {
  const runs = new Map<number, WorkflowRun>();
  const processes = new Map<number, RunningProcess>();
  const underWay = new Set<Promise<void>>();
  const held: WorkflowRun[] = [];
  const telling = new Map<number, Promise<void>>();
  const oidcTokens = new Map<string, WorkflowRun>();
  let isClosed = false;
  const now = () => isoSeconds(core.clock.now());

  /** The run goes on while the webhook is delivered, as on GitHub; those of one run keep their order. */
  function tell(run: WorkflowRun, action: 'requested' | 'in_progress' | 'completed'): void {
    const happening = {
      repository: run.repository,
      sender: run.actor,
      extra: {
        workflow: representWorkflow(core, run.repository, run.path, run.file.name, run.workflowId),
        workflow_run: representWorkflowRun(core, run),
      },
    };
    const told = (telling.get(run.id) ?? Promise.resolve()).then(async () => {
      await announce('workflow_run', action, happening);
    });
    telling.set(run.id, told);
    track(told);
  }

  function contextsOf(run: WorkflowRun, token: string): Contexts {
    return {
      github: githubContext(core, run, token),
      inputs: run.inputs,
      vars: Object.fromEntries(run.repository.variables),
      secrets: { ...Object.fromEntries(run.repository.secrets), GITHUB_TOKEN: token },
    };
  }

  /** Runs the one step; what it throws is a reason that the runner itself gives. */
  async function runStep(run: WorkflowRun, attempt: RunAttempt): Promise<Conclusion> {
    if (!options) throw new WorkflowError('the sandbox was started without an Action to run');
    const token = core.tokens.issueRunToken(run.repository, tokenPermissions(run));
    const contexts = contextsOf(run, token);
    const action = await readActionFile(options.actionDirectory);
    const { variables, warnings } = inputVariables(action, run.file.with, contexts);
    const oidcToken = randomBytes(24).toString('hex');
    const withOidc = run.file.permissions?.['id-token'] === 'write';
    if (withOidc) oidcTokens.set(oidcToken, run);
    const log = createRunLog([...run.repository.secrets.values(), token, oidcToken]);
    attempt.log = log;
    for (const warning of warnings) log.write(`::warning::${warning}\n`);
    const process = await startProcess({
      nodePath: options.nodePath ?? globalThis.process.execPath,
      main: action.main,
      variables: { ...variables, ...runnerVariables(core, run, withOidc ? oidcToken : null) },
      event: contexts.github.event,
      log,
      graceMs: options.graceMs ?? [7_500, 2_500],
    });
    processes.set(run.id, process);
    if (isClosed) process.kill();
    attempt.pid = process.pid ?? null;
    const minutes = run.file.timeoutMinutes
      ? Number(evaluateText(run.file.timeoutMinutes, contexts))
      : DEFAULT_TIMEOUT_MINUTES;
    const timer = setTimeout(
      () => {
        attempt.problem = `The job has exceeded the maximum execution time of ${minutes}m0s`;
        process.cancel();
      },
      Math.min(minutes * (options.minuteMs ?? 60_000), 2_147_483_647),
    );
    try {
      const result = await process.done;
      attempt.outputs = result.outputs;
      attempt.summary = result.summary;
      attempt.exitCode = result.exitCode;
      // A cancellation, or the time-out, decides whatever the process made of the signal.
      if (attempt.conclusion !== null || attempt.problem !== null) return 'cancelled';
      attempt.problem = result.problem;
      return result.exitCode === 0 && result.problem === null ? 'success' : 'failure';
    } finally {
      clearTimeout(timer);
      processes.delete(run.id);
      oidcTokens.delete(oidcToken);
      core.tokens.revoke(token);
    }
  }

  async function carryOut(run: WorkflowRun): Promise<void> {
    const attempt = lastAttempt(run);
    attempt.status = 'in_progress';
    attempt.startedAt = attempt.updatedAt = now();
    tell(run, 'in_progress');
    let conclusion: Conclusion;
    try {
      conclusion = await runStep(run, attempt);
    } catch (error) {
      conclusion = 'failure';
      attempt.problem = error instanceof WorkflowError ? error.message : String((error as Error).stack);
    }
    complete(run, conclusion);
  }

  function complete(run: WorkflowRun, conclusion: Conclusion): void {
    Object.assign(lastAttempt(run), { status: 'completed', conclusion, updatedAt: now() });
    tell(run, 'completed');
  }

  function track(work: Promise<void>): void {
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
  }

  function begin(run: WorkflowRun): void {
    run.attempts.push({
      attempt: run.attempts.length + 1,
      status: 'queued',
      conclusion: null,
      createdAt: now(),
      startedAt: now(),
      updatedAt: now(),
      log: null,
      outputs: {},
      summary: '',
      exitCode: null,
      problem: null,
      pid: null,
    });
    // The dispatch is answered first; the run starts when a runner takes it.
    track(
      new Promise<void>((resolve) => setImmediate(resolve)).then(async () => {
        tell(run, 'requested');
        if (lastAttempt(run).status !== 'queued') return;
        if (runner.isHeld) held.push(run);
        else await carryOut(run);
      }),
    );
  }

  function create(
    repository: Repository,
    path: string,
    event: WorkflowRun['event'],
    given: Record<string, unknown>,
    actor: Actor,
  ): { run: WorkflowRun } | { refusal: string } {
    const file = parseWorkflowFile(path, repository.contents.get(path) ?? '');
    if (event === 'workflow_dispatch' && !file.inputs) {
      return { refusal: "Workflow does not have 'workflow_dispatch' trigger" };
    }
    const judged = judgeInputs(event === 'workflow_dispatch' ? (file.inputs ?? []) : [], given);
    if ('refusal' in judged) return judged;
    const { inputs } = judged;
    const ref = `refs/heads/${repository.defaultBranch}`;
    const sha = repository.branchCommits.at(-1)?.oid ?? '0'.repeat(40);
    const run: WorkflowRun = {
      ...{ id: RUN_IDS_FROM + runs.size, number: runs.size + 1, repository, path, file, ref, sha, event },
      ...{ inputs, actor, attempts: [], workflowId: workflowIdOf(repository, path), displayTitle: file.name },
    };
    const displayTitle = file.runName ? evaluateText(file.runName, contextsOf(run, '')) : file.name;
    const titled = { ...run, displayTitle };
    runs.set(titled.id, titled);
    begin(titled);
    return { run: titled };
  }

  const runner: Runner = {
    isHeld: false,
    runs,
    dispatch(repository, path, { ref, inputs, actor }) {
      if (ref.replace('refs/heads/', '') !== repository.defaultBranch)
        return { refusal: `No ref found for: ${ref}` };
      if (!repository.isActionsEnabled)
        return { refusal: "Cannot trigger a 'workflow_dispatch' on a disabled workflow" };
      try {
        return create(repository, path, 'workflow_dispatch', inputs, actor);
      } catch (error) {
        if (error instanceof WorkflowError) return { refusal: `failed to parse workflow: ${error.message}` };
        throw error;
      }
    },
    schedule(repository, path) {
      const created = create(repository, path, 'schedule', {}, core.world.actor(repository.owner.login));
      if ('refusal' in created) throw new WorkflowError(created.refusal);
      return created.run;
    },
    cancel(run) {
      const attempt = lastAttempt(run);
      if (attempt.status === 'completed') return;
      const process = processes.get(run.id);
      if (process) {
        attempt.conclusion = 'cancelled';
        process.cancel();
        return;
      }
      attempt.status = 'completed';
      complete(run, 'cancelled');
    },
    rerun: begin,
    release() {
      runner.isHeld = false;
      for (const run of held.splice(0)) {
        if (lastAttempt(run).status === 'queued') track(carryOut(run));
      }
    },
    async conclude(run, conclusion) {
      await runner.idle();
      complete(run, conclusion);
      await runner.idle();
    },
    findByOidcToken: (token) => oidcTokens.get(token),
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    async close() {
      runner.isHeld = true;
      isClosed = true;
      for (const process of processes.values()) process.kill();
      await runner.idle();
    },
  };
  return runner;
}

/** A workflow's numeric id: the same for the same repository and path. */
export function workflowIdOf(repository: Repository, path: string): number {
  const paths = [...repository.contents.keys()].filter((name) => name.startsWith('.github/workflows/'));
  return repository.id * 100 + paths.indexOf(path) + 1;
}

/** What `github.token` may do: what the file says, or reading the repository where it says nothing. */
function tokenPermissions(run: WorkflowRun): Record<string, Permission> {
  const { permissions } = run.file;
  if (!permissions) return { contents: 'read', metadata: 'read', packages: 'read' };
  const granted: Record<string, Permission> = { metadata: 'read' };
  for (const [name, level] of Object.entries(permissions)) {
    if (level === 'read' || level === 'write') granted[name.replaceAll('-', '_')] = level;
  }
  return granted;
}
