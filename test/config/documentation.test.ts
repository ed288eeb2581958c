import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseRepositoryFile } from '../../src/config/repository-file.ts';
import { VARIABLES } from '../../src/config/variables.ts';

const text = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

test('docs/configuration.md has a row for every variable, as the code tells it, and no other', () => {
  const rows = text.split('\n').filter((line) => /^\| `[A-Z]/.test(line));
  expect(rows).toEqual(
    Object.entries(VARIABLES).map(
      ([name, { meaning, fallback, bounds }]) => `| \`${name}\` | ${meaning} | ${fallback} | ${bounds} |`,
    ),
  );
});

test('the repository file that docs/configuration.md shows is one', () => {
  const example = /```yaml\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
  expect(parseRepositoryFile(example)).toEqual({
    settings: { capture: { 'pull-requests': true, issues: false, commits: false, labels: true } },
    problem: null,
  });
});
