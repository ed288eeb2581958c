import { InvalidArgumentError } from 'commander';
import { type Month, monthOf } from '../src/cost/month.ts';
import { CAPTURE_INCLUDES, type CaptureInclude } from '../src/work-item/work-item.ts';

// Each throws InvalidArgumentError, from which commander makes the message and the exit code.

/** Most named items of one call; a longer list is the history. */
const MAX_ITEMS = 10_000;

/** `owner/repo` */
export function parseFullName(text: string): string {
  if (/^[A-Za-z0-9_-]+\/[A-Za-z0-9._-]+$/.test(text)) return text;
  throw new InvalidArgumentError('It must be owner/repo.');
}

/** Anything that is written; a shell makes nothing of a variable that is not set. */
export function parseText(text: string): string {
  if (text.trim() !== '') return text;
  throw new InvalidArgumentError('It must not be empty.');
}

/** Numbers of pull requests or issues separated by commas; ascending, each once. */
export function parseNumbers(text: string): number[] {
  const numbers = text.split(',').map((element) => parseWholeNumber(element.trim(), 1, 2 ** 31 - 1));
  const unique = [...new Set(numbers)].sort((a, b) => a - b);
  if (unique.length <= MAX_ITEMS) return unique;
  throw new InvalidArgumentError(`At most ${MAX_ITEMS} can be named; capture the history instead.`);
}

/** A date, which is its beginning in UTC, or a time with its zone. */
export function parseTime(text: string): Date {
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/.test(text);
  const time = new Date(text);
  const isReal =
    isDate || isTime ? !Number.isNaN(time.getTime()) && isCalendarDate(text.slice(0, 10)) : false;
  if (isReal) return time;
  throw new InvalidArgumentError(
    'It must be a date such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z.',
  );
}

/** `2026-11`: a calendar month, UTC. */
export function parseMonth(text: string): Month {
  if (/^20\d{2}-(0[1-9]|1[0-2])$/.test(text)) return monthOf(new Date(`${text}-01T00:00:00Z`));
  throw new InvalidArgumentError('It must be a month such as 2026-11.');
}

/** What to walk, separated by commas. */
export function parseInclude(text: string): CaptureInclude[] {
  return text.split(',').map((element) => {
    const include = CAPTURE_INCLUDES.find((candidate) => candidate === element.trim());
    if (include) return include;
    throw new InvalidArgumentError(`It must be some of ${CAPTURE_INCLUDES.join(', ')}, separated by commas.`);
  });
}

/** The id of a job. */
export function parseUuid(text: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError('It must be the id of a job, a UUID.');
}

/** Digits alone, within the bounds. */
export function parseWholeNumber(text: string, min: number, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
}

/** `Date` takes 2026-02-30 for 2 March. */
function isCalendarDate(date: string): boolean {
  const midnight = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(date);
}
