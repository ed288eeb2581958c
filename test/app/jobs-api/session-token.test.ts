import { describe, expect, it } from 'vitest';
import {
  deriveSessionKey,
  deriveSessionToken,
  hashSessionToken,
  matchesSessionHash,
  readSessionToken,
} from '../../../app/jobs-api/session-token.ts';

const key = deriveSessionKey('a secret of the app');
const jobId = '0f0e0d0c-0b0a-4908-8706-050403020100';
const binding = { jobId, run: 2, workflowRunId: 77001, workflowRunAttempt: 1 };

describe('a session token', () => {
  it('is the same for the same claim, and another for each other', () => {
    const token = deriveSessionToken(key, binding, 'jti-1');
    expect(deriveSessionToken(deriveSessionKey('a secret of the app'), { ...binding }, 'jti-1')).toBe(token);
    const others = [
      deriveSessionToken(key, binding, 'jti-2'),
      deriveSessionToken(key, { ...binding, jobId: jobId.replace('0f', '1f') }, 'jti-1'),
      deriveSessionToken(key, { ...binding, run: 3 }, 'jti-1'),
      deriveSessionToken(key, { ...binding, workflowRunId: 77002 }, 'jti-1'),
      deriveSessionToken(key, { ...binding, workflowRunAttempt: 2 }, 'jti-1'),
      deriveSessionToken(deriveSessionKey('another secret'), binding, 'jti-1'),
    ];
    expect(new Set([token, ...others]).size).toBe(7);
  });

  it('tells what it is bound to, to the server that gave it, for its job alone', () => {
    const token = deriveSessionToken(key, binding, 'jti-1');
    expect(readSessionToken(key, jobId, token)).toEqual(binding);
    expect(readSessionToken(key, jobId.replace('0f', '1f'), token)).toBeNull();
    expect(readSessionToken(deriveSessionKey('another secret'), jobId, token)).toBeNull();
    expect(readSessionToken(key, jobId, token.replace('hcs_2.', 'hcs_3.'))).toBeNull();
    expect(readSessionToken(key, jobId, `${token.slice(0, -2)}AA`)).toBeNull();
    expect(readSessionToken(key, jobId, '')).toBeNull();
  });

  it('is known again by its hash alone', () => {
    const token = deriveSessionToken(key, binding, 'jti-1');
    const stored = hashSessionToken(token);
    expect(stored).toMatch(/^[0-9a-f]{64}$/);
    expect(matchesSessionHash(token, stored)).toBe(true);
    expect(matchesSessionHash(`${token}x`, stored)).toBe(false);
    expect(matchesSessionHash(token, null)).toBe(false);
  });
});
