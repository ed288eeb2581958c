import { describe, expect, test } from 'vitest';
import { wrongRows } from '../../bench/compare-rows.ts';
import { measureInProcess } from '../../bench/measure-in-process.ts';

describe('in a process in which nobody waits', () => {
  test('a serial client takes as long as the model says', async () => {
    const seen: number[] = [];
    const task = { client: 'serial', pullRequests: 300, seed: 1 } as const;
    const { wallMs, graphqlMs, graphqlBusyMs, graphqlRequests } = await measureInProcess(task, (done) =>
      seen.push(done),
    );
    expect(seen).toEqual([0, 60, 120, 180, 240]);
    expect(graphqlRequests).toBe(5);
    // A page of 60: 40 ms, a connection, 60 nodes, their 60 connections and what these hold.
    expect(graphqlMs).toBeGreaterThan(5 * (40 + 5 + 60 * 2 + 60 * 5));
    expect(wallMs).toBeGreaterThanOrEqual(graphqlMs);
    expect(graphqlBusyMs).toBeGreaterThanOrEqual(graphqlMs);
    expect(wallMs / graphqlMs).toBeLessThan(1.1);
  });

  test('the engine captures a history whole', async () => {
    const measured = await measureInProcess({ client: 'engine', pullRequests: 200, seed: 1 }, () => {});
    expect(measured).toMatchObject({ pullRequests: 200, refused: 0, comparison: { examples: [] } });
    expect(measured.comparison && wrongRows(measured.comparison)).toBe(0);
    expect(measured.comparison?.expected).toBeGreaterThan(200 * 20);
    expect(measured.wallMs).toBeGreaterThan(200 * 30);
  });

  test('what goes wrong there is told here', async () => {
    const task = { client: 'none' as 'engine', pullRequests: 1, seed: 1 };
    await expect(measureInProcess(task, () => {})).rejects.toThrow(/the none client: TypeError/);
  });
});
