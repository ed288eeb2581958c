/** A seeded source of numbers, so that the same seed makes the same history. */
export interface Random {
  /** 0 (inclusive) to 1. */
  next(): number;
  /** A whole number from `low` to `high`, both inclusive. */
  whole(low: number, high: number): number;
  pick<T>(items: readonly T[]): T;
  chance(probability: number): boolean;
  /** `count` different ones of the items (all, if there are fewer), in no order. */
  sample<T>(items: readonly T[], count: number): T[];
  /**
   * A count with this mean and a long tail, as people's activity has: mostly small, about one in 300
   * above 30 times the mean.
   */
  count(mean: number): number;
}

/** mulberry32: 32 bits of state, quick, good enough for made-up history. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const random: Random = {
    next,
    whole: (low, high) => low + Math.floor(next() * (high - low + 1)),
    pick: (items) => {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new Error('sandbox: nothing to pick from');
      return item;
    },
    chance: (probability) => next() < probability,
    sample(items, count) {
      const left = [...items];
      const size = Math.min(count, left.length);
      for (let index = 0; index < size; index++) {
        const other = random.whole(index, left.length - 1);
        [left[index], left[other]] = [left[other] as (typeof left)[0], left[index] as (typeof left)[0]];
      }
      return left.slice(0, size);
    },
    // One in 300 is drawn with 30 times the mean, so the rest gets a little less than its share.
    count: (mean) => Math.round((next() < 1 / 300 ? 30 : 0.903) * mean * -Math.log(1 - next())),
  };
  return random;
}
