import process from 'node:process';
import * as core from '@actions/core';
import type { CaptureLog } from '../src/capture/session.ts';
import { neutralizeAnnotation, neutralizeLog } from '../src/text/neutralize.ts';

/** What GitHub shows above the log of a run; for what a person should know of. */
export interface Annotation {
  level: 'error' | 'warning' | 'notice';
  title: string;
  text: string;
}

/** GitHub cuts the message of an annotation here (actions/runner, ExecutionContext.cs, `_maxIssueMessageLength`: 4,096). */
const MOST_CHARACTERS = 4_000;

const ANNOTATE = { error: core.error, warning: core.warning, notice: core.notice } as const;

/** The only way to the log: whatever text goes through it, it can't give the runner a command. */
export const log = {
  debug: (text: string): void => core.debug(neutralizeLog(text, 4_000)),
  info: (text: string): void => core.info(neutralizeLog(text)),
  /** An error ends the run red. */
  annotate({ level, title, text }: Annotation): void {
    ANNOTATE[level](neutralizeAnnotation(text, MOST_CHARACTERS), { title: neutralizeAnnotation(title, 200) });
    if (level === 'error') process.exitCode = core.ExitCode.Failure;
  },
  group: <T>(title: string, work: () => Promise<T>): Promise<T> => core.group(neutralizeLog(title), work),
  /** Within `group`: ends what is folded so far, and folds what follows under another title. Groups don't nest. */
  fold(title: string): void {
    core.endGroup();
    core.startGroup(neutralizeLog(title));
  },
};

/** What the capture and the GitHub client have to say, one line each. None of it is a person's to do while the run goes on. */
export const captureLog: CaptureLog = (level, message, fields) => {
  const details = Object.entries(fields)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
  const text = details.length > 0 ? `${message} (${details.join(', ')})` : message;
  log.info(level === 'warn' ? `Warning: ${text}` : text);
};
