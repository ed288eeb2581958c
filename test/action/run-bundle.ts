import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { InputName } from '../../action/inputs.ts';

export interface BundleRun {
  /** Just before the process was started, milliseconds since 1970. */
  startedAt: number;
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Everything that was printed, of both streams. */
  log: string;
  outputs: Record<string, string>;
  summary: string;
}

export interface BundleOptions {
  inputs: Partial<Record<InputName, string>>;
  env?: Record<string, string>;
  /** What the event's file says was typed. */
  typed?: Record<string, string>;
  /** Gets the process, to end it. */
  onStart?: (child: ChildProcess) => void;
}

export interface Bundle {
  /** Where it runs: `dist/` and `action.yml` are in a folder of their own, with nothing else. */
  folder: string;
  workspace: string;
  run(options: BundleOptions): Promise<BundleRun>;
  remove(): Promise<void>;
}

/** Copies the committed bundle away from every node_modules, to run it as GitHub's runner does. */
export async function copyBundle(): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), 'action-'));
  const workspace = join(folder, 'workspace');
  await mkdir(workspace);
  await cp('dist', join(folder, 'action', 'dist'), { recursive: true });
  await cp('action.yml', join(folder, 'action', 'action.yml'));
  return {
    folder,
    workspace,
    remove: () => rm(folder, { recursive: true, force: true }),

    async run({ inputs, env = {}, typed, onStart }) {
      const files = {
        output: join(folder, 'output'),
        summary: join(folder, 'summary'),
        event: join(folder, 'event.json'),
      };
      await writeFile(files.output, '');
      await writeFile(files.summary, '');
      await writeFile(files.event, JSON.stringify({ inputs: typed ?? null }));
      const startedAt = performance.timeOrigin + performance.now();
      const child = spawn(process.execPath, [join(folder, 'action', 'dist', 'index.js')], {
        cwd: workspace,
        env: {
          PATH: process.env.PATH,
          GITHUB_ACTIONS: 'true',
          GITHUB_REPOSITORY: 'acme/widgets',
          GITHUB_EVENT_NAME: 'workflow_dispatch',
          GITHUB_EVENT_PATH: files.event,
          GITHUB_OUTPUT: files.output,
          GITHUB_STEP_SUMMARY: files.summary,
          ...env,
          ...Object.fromEntries(
            Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
          ),
        },
      });
      let log = '';
      child.stdout.on('data', (chunk) => {
        log += chunk;
      });
      child.stderr.on('data', (chunk) => {
        log += chunk;
      });
      onStart?.(child);
      const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
        child.on('error', reject);
        child.on('close', (...result) => resolve(result));
      });
      return {
        startedAt,
        code,
        signal,
        log,
        outputs: parseOutputs(await readFile(files.output, 'utf8')),
        summary: await readFile(files.summary, 'utf8'),
      };
    },
  };
}

/** `name<<DELIMITER`, the value, `DELIMITER`: as @actions/core writes them for the runner. */
function parseOutputs(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^(.+)<<(.+)\n([\s\S]*?)\n\2$/gm)].map(([, name, , value]) => [name, value]),
  );
}
