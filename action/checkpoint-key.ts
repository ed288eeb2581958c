import { createHash } from 'node:crypto';
import type { Inputs } from './inputs.ts';

/** Numbers beyond this many characters are told apart by their hash: a key of an index is limited (2,700 bytes). */
const MAX_NUMBERS = 100;

/** Under which a capture without a job keeps its place: the same repository, mode, range and choice goes on. */
export function checkpointKeyOf(
  inputs: Pick<Inputs, 'repository' | 'isVerify' | 'since' | 'until' | 'pullRequests' | 'include'>,
): string {
  const { repository, isVerify, since, until, pullRequests, include } = inputs;
  const numbers = pullRequests.join(',');
  return [
    // GitHub tells repositories apart without regard to case.
    `${repository.owner}/${repository.name}`.toLowerCase(),
    isVerify ? 'verify' : 'capture',
    `${since?.toISOString() ?? ''}..${until?.toISOString() ?? ''}`,
    numbers.length <= MAX_NUMBERS ? numbers : `sha256:${createHash('sha256').update(numbers).digest('hex')}`,
    [...include].sort().join(','),
  ].join(' ');
}
