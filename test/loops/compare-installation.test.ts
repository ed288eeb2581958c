import { expect, test } from 'vitest';
import {
  compareInstallation,
  keepUnchanged,
  type StoredRepository,
} from '../../src/loops/compare-installation.ts';

const stored = (id: number, changes: Partial<StoredRepository> = {}): StoredRepository => ({
  id,
  full_name: `acme/r${id}`,
  is_private: false,
  installation_id: 7,
  removed_at: null,
  ...changes,
});
const listed = (id: number, changes = {}) => ({ id, full_name: `acme/r${id}`, private: false, ...changes });
const ids = ({ added, removedIds, renamed }: ReturnType<typeof compareInstallation>) => ({
  added: added.map(({ id }) => id),
  removedIds,
  renamed: renamed.map(({ id }) => id),
});
const gone = { removed_at: new Date(0) };

test.each([
  ['the same', [listed(1)], [stored(1)], {}],
  ['listed alone', [listed(1)], [], { added: [1] }],
  ['listed, stored as removed', [listed(1)], [stored(1, gone)], { added: [1] }],
  [
    'listed, stored at another installation',
    [listed(1)],
    [stored(1, { installation_id: 8 })],
    { added: [1] },
  ],
  ['stored alone', [], [stored(1)], { removedIds: [1] }],
  ['stored as removed', [], [stored(1, gone)], {}],
  ['stored at another installation', [], [stored(1, { installation_id: 8 })], {}],
  ['another name', [listed(1, { full_name: 'acme/new' })], [stored(1)], { renamed: [1] }],
  ['another visibility', [listed(1, { private: true })], [stored(1)], { renamed: [1] }],
])('%s', (_, github, database, expected) => {
  expect(ids(compareInstallation(7, github, database))).toEqual({
    added: [],
    removedIds: [],
    renamed: [],
    ...expected,
  });
});

test('what an event has changed in between is left to it', () => {
  const before = [stored(1), stored(2), stored(4)];
  const found = compareInstallation(7, [listed(3), listed(4, { full_name: 'acme/x' }), listed(5)], before);
  expect(ids(found)).toEqual({ added: [3, 5], removedIds: [1, 2], renamed: [4] });
  const after = [
    stored(1),
    stored(2, { installation_id: 9 }),
    stored(3, gone),
    stored(4, { full_name: 'acme/y' }),
  ];
  expect(ids(keepUnchanged(found, before, after))).toEqual({ added: [5], removedIds: [1], renamed: [] });
});
