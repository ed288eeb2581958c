import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  isServedProtocol,
  requireServedProtocol,
  USES_LINE,
} from '../../../app/jobs-api/protocol-version.ts';
import { PROTOCOL_VERSION } from '../../../src/jobs-api/protocol.ts';

describe('the protocol', () => {
  it.each([
    [1, 1, true],
    [2, 1, false],
    [0, 1, false],
    [3, 3, true],
    [2, 3, true],
    [1, 3, false],
    [4, 3, false],
  ])('version %i of an Action, %i of the app: served is %s', (version, served, expected) => {
    expect(isServedProtocol(version, served)).toBe(expected);
  });

  it('that is not served is refused with the line that would help', () => {
    const refusal = { code: 'upgrade_required', status: 426, message: expect.stringContaining(USES_LINE) };
    expect(() => requireServedProtocol({ protocol: PROTOCOL_VERSION + 1, from: 'the future' })).toThrow(
      expect.objectContaining(refusal),
    );
    expect(requireServedProtocol({ protocol: PROTOCOL_VERSION })).toBeUndefined();
  });

  it.each(['bulk-capture.yml', 'scheduled-capture.yml'])(
    'is that of the Action in workflows/%s',
    async (file) => {
      const workflow = await readFile(new URL(`../../../workflows/${file}`, import.meta.url), 'utf8');
      expect(workflow.split('\n').map((line) => line.trim())).toContain(USES_LINE);
    },
  );
});
