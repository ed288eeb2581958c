import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseFileCommand, type RunLog } from './run-log.ts';

/** Runner files of one step; GitHub's runner hands their paths to the action. */
const FILE_COMMANDS = ['GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY', 'GITHUB_ENV', 'GITHUB_STATE', 'GITHUB_PATH'];

/** GitHub aborts the upload of a longer summary. */
const MAX_SUMMARY_BYTES = 1024 * 1024;

export interface ProcessResult {
  /** Null when a signal ended it. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  outputs: Record<string, string>;
  summary: string;
  /** The step's own failure beside its exit code, such as an output file that can't be read. */
  problem: string | null;
}

export interface RunningProcess {
  readonly pid: number | undefined;
  readonly done: Promise<ProcessResult>;
  /** SIGINT, after 7.5 s SIGTERM, after another 2.5 s SIGKILL: what GitHub's runner does. */
  cancel(): void;
  /** SIGKILL; nothing happens when it has ended already. */
  kill(): void;
}

export interface ProcessOptions {
  nodePath: string;
  main: string;
  variables: Readonly<Record<string, string>>;
  /** Content of the file that GITHUB_EVENT_PATH names. */
  event: unknown;
  log: RunLog;
  /** Milliseconds between the signals of a cancellation. */
  graceMs: readonly [number, number];
}

/** Starts an action's JavaScript with exactly the environment given, plus PATH and HOME. */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const home = await mkdtemp(join(tmpdir(), 'sandbox-runner-'));
  const paths: Record<string, string> = {};
  for (const name of FILE_COMMANDS) {
    paths[name] = join(home, name.toLowerCase());
    await writeFile(paths[name], '');
  }
  const [workspace, temp, event] = ['workspace', 'temp', 'event.json'].map((name) => join(home, name));
  for (const folder of [workspace, temp]) if (folder) await mkdir(folder);
  if (event) await writeFile(event, JSON.stringify(options.event));
  const child = spawn(options.nodePath, [options.main], {
    cwd: workspace,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? home,
      ...options.variables,
      ...paths,
      GITHUB_WORKSPACE: workspace,
      GITHUB_EVENT_PATH: event,
      RUNNER_TEMP: temp,
    },
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => options.log.write(chunk));
  }
  const timers: NodeJS.Timeout[] = [];
  const done = new Promise<{ exitCode: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal }));
  }).then(async (ended): Promise<ProcessResult> => {
    for (const timer of timers) clearTimeout(timer);
    options.log.end();
    const summary = await readFile(paths.GITHUB_STEP_SUMMARY ?? '', 'utf8');
    let outputs: Record<string, string> = {};
    let problem: string | null = null;
    try {
      outputs = parseFileCommand(await readFile(paths.GITHUB_OUTPUT ?? '', 'utf8'));
    } catch (error) {
      problem = `Unable to process file command 'output' successfully. ${(error as Error).message}`;
    }
    const bytes = Buffer.byteLength(summary);
    if (bytes > MAX_SUMMARY_BYTES) {
      problem = `$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got ${Math.ceil(bytes / 1024)}k`;
    }
    await rm(home, { recursive: true, force: true });
    return { ...ended, outputs, summary: bytes > MAX_SUMMARY_BYTES ? '' : summary, problem };
  });
  return {
    pid: child.pid,
    done,
    cancel() {
      const [first, second] = options.graceMs;
      child.kill('SIGINT');
      timers.push(setTimeout(() => child.kill('SIGTERM'), first));
      timers.push(setTimeout(() => child.kill('SIGKILL'), first + second));
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
