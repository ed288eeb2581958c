import { describe, expect, test } from 'vitest';
import {
  DEFAULT_REPOSITORY_SETTINGS,
  parseRepositoryFile,
  restrictToSettings,
} from '../../src/config/repository-file.ts';
import { workItem } from '../route/work-item.ts';

const ALL_ON = { 'pull-requests': true, issues: true, commits: true, labels: true };

describe('a repository file', () => {
  test.each(['', '# nothing\n', '{}', 'capture: {}', 'capture:\n  issues: true\n'])(
    '%j leaves all on',
    (text) => {
      expect(parseRepositoryFile(text)).toEqual({ settings: { capture: ALL_ON }, problem: null });
    },
  );

  test('switches off what it names', () => {
    expect(parseRepositoryFile('capture:\n  issues: false\n  labels: false # noise\n')).toEqual({
      settings: { capture: { ...ALL_ON, issues: false, labels: false } },
      problem: null,
    });
  });

  const bomb = `a: &a [x, x]\n${[...'bcdefgh'].map((letter, i) => `${letter}: &${letter} [${`*${'abcdefg'[i]},`.repeat(9)}]`).join('\n')}`;
  test.each([
    ['an unknown key', 'capture:\n\n  wiki: true', 3, 'pull-requests, issues, commits, labels'],
    ['an unknown key at the top', '\nroute: all', 2, 'keys here are: capture'],
    ['a word for a boolean', 'capture:\n  issues: no', 2, '`capture.issues` must be true or false'],
    ['no map', '- issues', 1, 'must hold keys'],
    ['text', 'issues off', 1, 'must hold keys'],
    ['a key twice', 'capture:\n  issues: false\n  issues: true', 3, 'DUPLICATE_KEY'],
    ['broken YAML', 'capture:\n  issues: [', 2, 'not valid YAML'],
    ['two documents', 'capture: {}\n---\ncapture: {}', 2, 'MULTIPLE_DOCS'],
    ['an unknown tag', 'capture: !!js/function {}', 1, 'TAG_RESOLVE_FAILED'],
    ['an alias', 'x: &x {issues: false}\ncapture: *x', 2, 'aliases'],
    ['a bomb of aliases', bomb, 2, 'aliases'],
    ['nesting without end', '['.repeat(16_000), 1, 'RESOURCE_EXHAUSTION'],
  ])('with %s tells its line, and the defaults hold', (_, text, line, words) => {
    const { settings, problem } = parseRepositoryFile(text);
    expect(settings).toEqual(DEFAULT_REPOSITORY_SETTINGS);
    expect(problem).toContain(`.github/hybrid-capture.yml, line ${line}: `);
    expect(problem).toContain(words);
    expect(problem).not.toContain('\n');
  });

  test('of 16,384 bytes is read, of one more refused', () => {
    const comment = (length: number) => `#${'é'.repeat((length - 2) / 2)}\n`;
    expect(parseRepositoryFile(comment(16_384)).problem).toBeNull();
    expect(parseRepositoryFile(`${comment(16_384)}\n`).problem).toContain('larger than 16384 bytes');
  });
});

describe('work in a repository that switched issues and commits off', () => {
  const settings = { capture: { ...ALL_ON, issues: false, commits: false } };

  test.each(['issues', 'branch_commits'] as const)('of type %s is dropped', (type) => {
    expect(restrictToSettings(workItem({ type }), settings)).toBeNull();
  });

  test.each(['pull_requests', 'labels', 'classify'] as const)('of type %s stays', (type) => {
    const item = workItem({ type });
    expect(restrictToSettings(item, settings)).toBe(item);
  });

  test('that walks the history walks less', () => {
    const item = workItem({ type: 'history', include: ['pull-requests', 'issues', 'commits', 'labels'] });
    expect(restrictToSettings(item, settings)?.include).toEqual(['pull-requests', 'labels']);
  });

  test('that walks only what is off is dropped', () => {
    expect(restrictToSettings(workItem({ type: 'history', include: ['issues'] }), settings)).toBeNull();
  });
});
