import { expect, test } from 'vitest';
import { describeError } from '../../action/describe-error.ts';

const withCode = (message: string, code: string) => Object.assign(new Error(message), { code });

test.each([
  [
    withCode('permission denied for schema public', '42501'),
    /^permission denied for schema public\. .+CREATE/,
  ],
  [withCode("ENOTDIR: not a directory, mkdir '/x'", 'ENOTDIR'), /^ENOTDIR: .+ Give `destination` a folder/],
  [withCode("EACCES: permission denied, open '/x'", 'EACCES'), /^EACCES: .+ Give `destination` a folder/],
  [withCode('duplicate key', '23505'), /^duplicate key$/],
  [new Error('plain'), /^plain$/],
])('%s', (error, expected) => expect(describeError(error)).toMatch(expected));
