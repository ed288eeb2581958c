import { type Finding, failed, ok } from './finding.ts';

/** GitHub refuses tokens that were issued more than 60 s ahead of its clock. */
const MAX_SKEW_MS = 30_000;

/**
 * Compares another machine's clock with this one's.
 * @param roundTripMs how long the answer took: the other clock was read some time in it
 */
export function checkClock(check: string, theirs: Date, ours: Date, roundTripMs: number): Finding {
  const skewMs = ours.getTime() - theirs.getTime();
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  if (Math.abs(skewMs) <= MAX_SKEW_MS + roundTripMs)
    return ok(check, `Within ${Math.max(1, seconds)} s of ours.`);
  return failed(
    check,
    'clock_wrong',
    `This machine's clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} it.`,
    'Set the clock right (timedatectl set-ntp true): GitHub refuses tokens of another time, and leases end too early or too late.',
  );
}
