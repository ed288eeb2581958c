import { describe, expect, test } from 'vitest';
import { runLanes } from '../../src/capture/run-lanes.ts';

const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('lanes', () => {
  test('one feeds the other, each with its own number at once', async () => {
    let made = 0;
    const queue: number[] = [];
    const done: number[] = [];
    let most = 0;
    let now = 0;
    await runLanes([
      {
        atOnce: 1,
        next: () => {
          if (made >= 20 || queue.length >= 4) return null;
          made += 1;
          return tick().then(() => void queue.push(made));
        },
      },
      {
        atOnce: 2,
        next: () => {
          const item = queue.shift();
          if (item === undefined) return null;
          now += 1;
          most = Math.max(most, now);
          return tick().then(() => {
            now -= 1;
            done.push(item);
          });
        },
      },
    ]);
    expect(done.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(most).toBe(2);
  });

  test('after a failure nothing new begins, and what is under way ends first', async () => {
    const ended: string[] = [];
    let begun = 0;
    const run = runLanes([
      {
        atOnce: 2,
        next: () => {
          begun += 1;
          if (begun === 1) return Promise.reject(new Error('broken'));
          return tick()
            .then(tick)
            .then(() => void ended.push('other'));
        },
      },
    ]);
    await expect(run).rejects.toThrow('broken');
    expect(begun).toBe(2);
    expect(ended).toEqual(['other']);
  });

  test('nothing to do is done', async () => {
    await expect(runLanes([{ atOnce: 3, next: () => null }])).resolves.toBeUndefined();
  });
});
