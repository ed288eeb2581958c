import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CAPTURE_VERBS } from '../../src/commands/capture/verbs.ts';
import { GUARD_SETTINGS } from '../../src/commands/rollout/guard.ts';
import { ROLLOUT_VERBS } from '../../src/commands/rollout/verbs.ts';
import { ENROLMENT_REASONS } from '../../src/rollout/evaluate-enrolment.ts';

const text = readFileSync(new URL('../../docs/rollout.md', import.meta.url), 'utf8');

/** The first cells of the rows of the table that follows a heading row. */
function firstCells(heading: string): string[] {
  const table = text.slice(text.indexOf(heading)).split('\n\n')[0] ?? '';
  return [...table.matchAll(/^\| `(.+?)` \|/gm)].map(([, cell = '']) => cell.replaceAll('\\|', '|'));
}

test.each([
  ['rollout', ROLLOUT_VERBS],
  ['capture', CAPTURE_VERBS],
] as const)(
  'docs/rollout.md has a row for every verb of /%s, with its usage and who may use it',
  (name, verbs) => {
    const rows = text.split('\n').filter((line) => line.startsWith(`| \`/${name} `));
    expect(
      rows.map((row) =>
        row
          .replaceAll('\\|', '¦')
          .split('|')
          .map((cell) => cell.trim()),
      ),
    ).toEqual(
      verbs.map(({ usage, needs }) => [
        '',
        `\`/${name} ${usage.replaceAll('|', '¦')}\``,
        expect.stringMatching(new RegExp(`^${needs}`)),
        expect.any(String),
        '',
      ]),
    );
  },
);

test('docs/rollout.md has a row for every setting of the guard, and no other', () => {
  expect(firstCells('| setting | default |')).toEqual(GUARD_SETTINGS.map(({ key }) => key));
});

test.each(Object.keys(ENROLMENT_REASONS))('docs/rollout.md tells the reason %s', (reason) => {
  expect(text).toContain(`\`${reason}\``);
});
