import { capitalize } from '../src/text/capitalize.ts';
import type { Annotation } from './log.ts';
import { type CaptureReport, STATUS_WORDS } from './report.ts';

/** GitHub keeps so many annotations of each level of a step, and drops the others. */
const MOST_OF_A_LEVEL = 10;

/**
 * What a person should know of the captures: an error where somebody has to act, a notice where it goes on by itself.
 * Nothing of those that simply went well.
 */
export function annotationsOf(reports: readonly CaptureReport[]): Annotation[] {
  const all = reports.flatMap(({ title, status, message, isFailure }): Annotation[] => {
    if (message === null && !isFailure) return [];
    const heading = `${capitalize(title)}: ${STATUS_WORDS[status]}`;
    return [{ level: isFailure ? 'error' : 'notice', title: heading, text: message ?? heading }];
  });
  return (['error', 'notice'] as const).flatMap((level) => limit(all.filter((one) => one.level === level)));
}

function limit(annotations: Annotation[]): Annotation[] {
  const [first] = annotations;
  if (!first || annotations.length <= MOST_OF_A_LEVEL) return annotations;
  const shown = annotations.slice(0, MOST_OF_A_LEVEL - 1);
  const title = `${annotations.length - shown.length} more like these`;
  return [...shown, { level: first.level, title, text: 'The summary of the run tells what became of each.' }];
}
