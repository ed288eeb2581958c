import { readFile } from 'node:fs/promises';
import process from 'node:process';
import * as core from '@actions/core';
import { z } from 'zod';
import { capitalize } from '../src/text/capitalize.ts';
import { annotationsOf } from './annotations.ts';
import { describeError } from './describe-error.ts';
import { INPUT_NAMES, type InputName, type Inputs, parseInputs } from './inputs.ts';
import { log } from './log.ts';
import { type CaptureReport, describeTotals, outputsOf, STATUS_WORDS } from './report.ts';
import type { RunContext } from './run-context.ts';
import { runStandAlone } from './run-stand-alone.ts';
import { runWithApp } from './run-with-app.ts';
import { secretsOf } from './secrets.ts';
import { listenForShutdown } from './shutdown.ts';
import { renderSummary } from './summary.ts';

/** The whole run: inputs, mode, capture, and what the user sees of it. Sets the exit code; expected errors don't throw. */
export async function run(startedAt: Date): Promise<void> {
  const shutdown = listenForShutdown();
  // 1. What is asked for? Secrets are hidden before anything is said.
  const raw = readInputs();
  const env = process.env;
  const parsed = parseInputs(raw, {
    eventName: env.GITHUB_EVENT_NAME ?? '',
    repository: env.GITHUB_REPOSITORY ?? '',
    dispatchInputs: await readDispatchInputs(env.GITHUB_EVENT_PATH),
  });
  if (!parsed.ok) {
    setOutputs([]);
    log.annotate({ level: 'error', title: 'The inputs are not right', text: parsed.problems.join(' ') });
    return;
  }
  const { inputs } = parsed;

  // 2. Do it.
  const reports = await carryOut(inputs, {
    github: readAddresses(env),
    shutdown,
    deadline: new Date(startedAt.getTime() + inputs.timeLimitMs),
    eventName: env.GITHUB_EVENT_NAME ?? '',
    mask: core.setSecret,
  });

  // 3. Tell what became of it: outputs, log, summary, and what a person should know of.
  setOutputs(reports);
  for (const report of reports) tell(report);
  await writeSummary(reports, inputs);
  for (const annotation of annotationsOf(reports)) log.annotate(annotation);
}

async function carryOut(inputs: Inputs, context: RunContext): Promise<CaptureReport[]> {
  const { mode } = inputs;
  if (mode.kind === 'stand-alone') return [await runStandAlone(mode.destination, inputs, context)];
  return runWithApp(mode, inputs, context);
}

function readInputs(): Record<InputName, string> {
  const raw = Object.fromEntries(INPUT_NAMES.map((name) => [name, core.getInput(name)])) as Record<
    InputName,
    string
  >;
  for (const secret of [raw['github-token'], ...secretsOf(raw.destination)]) {
    if (secret !== '') core.setSecret(secret);
  }
  return raw;
}

const EventFile = z.object({ inputs: z.record(z.string(), z.unknown()).nullish() });

/** What was typed when the run was started by hand or by the API. */
async function readDispatchInputs(path: string | undefined): Promise<Record<string, unknown>> {
  if (!path) return {};
  const text = await readFile(path, 'utf8').catch(() => '{}');
  return EventFile.parse(JSON.parse(text)).inputs ?? {};
}

/** Where GitHub's API is: the runner says so, on GitHub Enterprise Server too. */
function readAddresses(env: NodeJS.ProcessEnv): RunContext['github'] {
  const apiUrl = env.GITHUB_API_URL || 'https://api.github.com';
  return { apiUrl, graphqlUrl: env.GITHUB_GRAPHQL_URL || `${apiUrl.replace(/\/v3\/?$/, '')}/graphql` };
}

function setOutputs(reports: readonly CaptureReport[]): void {
  for (const [name, value] of Object.entries(outputsOf(reports))) core.setOutput(name, value);
}

async function writeSummary(reports: readonly CaptureReport[], { mode }: Inputs): Promise<void> {
  if (!process.env.GITHUB_STEP_SUMMARY) return;
  const links = {
    appUrl: mode.kind === 'stand-alone' ? null : mode.appUrl,
    workflowRuns: findWorkflowRuns(process.env),
  };
  try {
    await core.summary.addRaw(renderSummary(reports, links)).write();
  } catch (error) {
    log.annotate({ level: 'warning', title: 'No summary', text: describeError(error) });
  }
}

/** GitHub's page of the runs of this workflow; GITHUB_WORKFLOW_REF is `owner/name/.github/workflows/file.yml@ref`. */
function findWorkflowRuns(env: NodeJS.ProcessEnv): string | null {
  const [, repository, file] =
    /^([\w.-]+\/[\w.-]+)\/\.github\/workflows\/([\w.-]+)@/.exec(env.GITHUB_WORKFLOW_REF ?? '') ?? [];
  if (!repository || !file || !env.GITHUB_SERVER_URL) return null;
  return `${env.GITHUB_SERVER_URL}/${repository}/actions/workflows/${file}`;
}

function tell({ title, status, totals }: CaptureReport): void {
  log.info(`${capitalize(title)}: ${STATUS_WORDS[status]}`);
  if (totals.requests > 0) log.info(`In this run: ${describeTotals(totals)}`);
}
