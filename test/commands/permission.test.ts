import { describe, expect, test } from 'vitest';
import {
  authorize,
  PERMISSION_LEVELS,
  type PermissionLevel,
  permissionLevel,
} from '../../src/commands/permission.ts';

const flags = (level: PermissionLevel) => {
  const at = PERMISSION_LEVELS.indexOf(level);
  return { pull: at >= 1, triage: at >= 2, push: at >= 3, maintain: at >= 4, admin: at >= 5 };
};

describe("the level of GitHub's answer", () => {
  test.each(PERMISSION_LEVELS)('is %s by flags, also under the name of a custom role', (level) => {
    expect(permissionLevel({ role_name: level, user: { permissions: flags(level) } })).toBe(level);
    expect(permissionLevel({ role_name: 'release-captain', user: { permissions: flags(level) } })).toBe(
      level,
    );
  });

  test.each(PERMISSION_LEVELS)('is %s by name where there are no flags', (level) => {
    expect(permissionLevel({ role_name: level })).toBe(level);
    expect(permissionLevel({ role_name: level, user: null })).toBe(level);
  });

  test('is none for a custom role without flags, and for an empty answer', () => {
    expect(permissionLevel({ role_name: 'release-captain' })).toBe('none');
    expect(permissionLevel({})).toBe('none');
  });
});

test.each([
  ['maintain', 'maintain', true],
  ['admin', 'maintain', true],
  ['write', 'maintain', false],
  ['triage', 'write', false],
  ['read', 'triage', false],
  ['none', 'read', false],
  [null, 'read', false],
] as const)('%s where %s is needed: %s', (level, needed, expected) => {
  expect(authorize(level, needed)).toBe(expected);
});
