import { expect, test } from 'vitest';
import { secretsOf } from '../../action/secrets.ts';

test.each([
  ['', []],
  ['file:rows', []],
  ['postgres://localhost/rows', []],
  ['postgres://ada@localhost/rows', []],
  ['postgres://ada:secret@db/rows', ['postgres://ada:secret@db/rows', 'secret']],
  ['postgresql://ada:a%2Fb@db/rows', ['postgresql://ada:a%2Fb@db/rows', 'a%2Fb', 'a/b']],
  // Not escaped as it should be, yet it connects.
  ['postgres://ada:p@ss@db/rows', ['postgres://ada:p@ss@db/rows', 'p@ss', 'p%40ss']],
  ['postgres://ada:50%@db/rows', ['postgres://ada:50%@db/rows', '50%']],
  // No URL: it is refused, and still nobody's to read.
  ['postgres://ada:a/b@db/rows', ['postgres://ada:a/b@db/rows', 'a/b']],
  ['postgres://db/rows?user=ada&password=s%26x', ['postgres://db/rows?user=ada&password=s%26x', 's&x']],
])('the secrets of %j', (destination, secrets) => {
  expect(secretsOf(destination)).toEqual(secrets);
});
