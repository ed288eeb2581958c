import * as core from '@actions/core';
import type { CaptureLog } from '../src/capture/session.ts';
import { neutralizeAnnotation, neutralizeLog } from '../src/text/neutralize.ts';

/** The only way to the log: whatever text goes through it, it can't give the runner a command. */
export const log = {
  debug: (text: string): void => core.debug(neutralizeLog(text, 4_000)),
  info: (text: string): void => core.info(neutralizeLog(text)),
  notice: (text: string): void => core.notice(neutralizeAnnotation(text)),
  warning: (text: string): void => core.warning(neutralizeAnnotation(text)),
  /** Also decides the exit code. */
  failure: (text: string): void => core.setFailed(neutralizeAnnotation(text, 4_000)),
  group: <T>(title: string, work: () => Promise<T>): Promise<T> => core.group(neutralizeLog(title), work),
};

/** What the capture and the GitHub client have to say, one line each. */
export const captureLog: CaptureLog = (level, message, fields) => {
  const details = Object.entries(fields)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
  const text = details.length > 0 ? `${message} (${details.join(', ')})` : message;
  if (level === 'warn') log.warning(text);
  else log.info(text);
};
