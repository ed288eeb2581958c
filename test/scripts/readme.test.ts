import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { insertActionDocs } from '../../scripts/generate-action-docs.ts';

const root = new URL('../../', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, root), 'utf8');

it('the README tells the inputs and outputs of action.yml (npm run generate:docs)', () => {
  expect(read('README.md')).toBe(insertActionDocs(read('README.md'), read('action.yml')));
  const changed = read('action.yml').replace(
    'Number of pull requests that were captured.',
    'Something | else.',
  );
  expect(insertActionDocs(read('README.md'), changed)).toContain('| `pull-requests` | Something \\| else. |');
});

const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'sandbox/README.md'],
  ...readdirSync(new URL('docs', root))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
it.each(pages)('every file that %s links to is there', (page) => {
  const missing = [...read(page).matchAll(/\]\(([^)\s#]+)(#[^)]*)?\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(new URL(target, new URL(page, root))));
  expect(missing).toEqual([]);
});

it('every npm script that the pages name is one', () => {
  const { scripts } = JSON.parse(read('package.json'));
  const named = pages.flatMap((page) =>
    [...read(page).matchAll(/npm run ([a-z:]+)/g)].map(([, name = '']) => name),
  );
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});
