import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { BULK_UNAVAILABLE, bulkAvailability, isLocalHost } from '../../src/route/bulk-availability.ts';

const READY = {
  CAPTURE_WORKFLOW: 'acme/jobs/.github/workflows/bulk-capture.yml@main',
  PUBLIC_URL: 'https://capture.example.com',
};

function judge(
  env: Record<string, string>,
  { isPrivate = false, jobs = 'private' as 'public' | 'private' | 'internal' | null } = {},
) {
  const loaded = loadConfig(env);
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  const bulk = bulkAvailability(loaded.config, { isPrivate }, jobs);
  return bulk.available ? 'available' : bulk.reason;
}

describe('bulk work', () => {
  test('is available when everything is there', () => {
    expect(judge(READY)).toBe('available');
  });

  test('needs CAPTURE_WORKFLOW', () => {
    expect(judge({ PUBLIC_URL: READY.PUBLIC_URL })).toBe('no_capture_workflow');
  });

  test('needs the App on the jobs repository', () => {
    expect(judge(READY, { jobs: null })).toBe('not_installed_on_jobs_repository');
  });

  test('needs PUBLIC_URL', () => {
    expect(judge({ CAPTURE_WORKFLOW: READY.CAPTURE_WORKFLOW })).toBe('no_public_url');
  });

  test.each(['http://localhost:3000', 'http://127.0.0.1', 'https://10.1.2.3', 'http://[::1]:3000'])(
    'is not available at %s when GitHub is elsewhere',
    (PUBLIC_URL) => {
      expect(judge({ ...READY, PUBLIC_URL })).toBe('public_url_unreachable');
      expect(judge({ ...READY, PUBLIC_URL, GHE_HOST: 'git.example.com' })).toBe('public_url_unreachable');
    },
  );

  test.each(['127.0.0.1:8080', 'localhost:8080', '10.0.0.1', '[::1]:8080', 'github.internal'])(
    'is available at a local address when GitHub is local too (%s)',
    (GHE_HOST) => {
      expect(judge({ ...READY, PUBLIC_URL: 'http://127.0.0.1:3000', GHE_HOST, GHE_PROTOCOL: 'http' })).toBe(
        'available',
      );
    },
  );

  test.each([
    [true, 'public', 'private_repository_in_public_jobs_repository'],
    [true, 'private', 'available'],
    [true, 'internal', 'available'],
    [false, 'public', 'available'],
  ] as const)('of a repository with private=%s in a %s jobs repository: %s', (isPrivate, jobs, expected) => {
    expect(judge(READY, { isPrivate, jobs })).toBe(expected);
  });

  test('has a cure for every reason', () => {
    for (const cure of Object.values(BULK_UNAVAILABLE)) expect(cure).toMatch(/: (set|install|make) /);
  });
});

describe('a host', () => {
  test.each([
    'localhost',
    'app.localhost',
    'localhost.',
    'printer.local',
    'github.internal',
    'nas.home.arpa',
    'intranet',
    '0.0.0.0',
    '10.0.0.0',
    '10.255.255.255',
    '127.0.0.1',
    '127.255.255.255',
    '100.64.0.0',
    '100.127.255.255',
    '169.254.169.254',
    '172.16.0.0',
    '172.31.255.255',
    '192.168.0.0',
    '192.168.255.255',
    '[::]',
    '[::1]',
    '[fc00::1]',
    '[fdff::1]',
    '[fe80::1]',
    '[febf::1]',
    '[::ffff:7f00:1]',
    '[::ffff:a00:1]',
  ])('%s is local', (host) => {
    expect(isLocalHost(host)).toBe(true);
  });

  test.each([
    'capture.example.com',
    'localhost.example.com',
    'internal.example.com',
    '9.255.255.255',
    '11.0.0.0',
    '126.0.0.1',
    '128.0.0.1',
    '100.63.255.255',
    '100.128.0.0',
    '169.253.0.1',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.0.1',
    '192.169.0.1',
    '8.8.8.8',
    '[2606:4700::1111]',
    '[fbff::1]',
    '[fec0::1]',
    '[::ffff:808:808]',
  ])('%s is not', (host) => {
    expect(isLocalHost(host)).toBe(false);
  });
});
