import { readFile } from 'node:fs/promises';
import process from 'node:process';
import * as core from '@actions/core';
import { z } from 'zod';
import { describeError } from './describe-error.ts';
import { INPUT_NAMES, type InputName, type Inputs, parseInputs } from './inputs.ts';
import { log } from './log.ts';
import { type CaptureReport, describeTotals, outputsOf, renderSummary } from './report.ts';
import type { RunContext } from './run-context.ts';
import { runStandAlone } from './run-stand-alone.ts';
import { runWithApp } from './run-with-app.ts';
import { secretsOf } from './secrets.ts';
import { listenForShutdown } from './shutdown.ts';

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
    log.failure(parsed.problems.join(' '));
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

  // 3. Tell what became of it.
  setOutputs(reports);
  await writeSummary(reports, inputs);
  for (const report of reports) announce(report);
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
  try {
    await core.summary
      .addRaw(renderSummary(reports, mode.kind === 'stand-alone' ? null : mode.appUrl))
      .write();
  } catch (error) {
    log.warning(`The summary could not be written: ${describeError(error)}`);
  }
}

function announce({ title, status, message, isFailure, totals }: CaptureReport): void {
  if (totals.requests > 0) log.info(`In this run: ${describeTotals(totals)}`);
  const text = message ? `${title}: ${status}. ${message}` : `${title}: ${status}`;
  const line = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  if (isFailure) log.failure(line);
  else if (message) log.notice(line);
  else log.info(line);
}
