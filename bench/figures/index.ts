import type { Figure } from '../figure.ts';
import { clock } from './clock.ts';
import { cost } from './cost.ts';
import { faults } from './faults.ts';
import { installation } from './installation.ts';
import { memory } from './memory.ts';
import { naive } from './naive.ts';
import { refused } from './refused.ts';
import { startUp } from './start-up.ts';
import { storeRate } from './store-rate.ts';
import { wallTime } from './wall-time.ts';

/** In the order of the table. */
export const FIGURES: readonly Figure[] = [
  clock,
  cost,
  wallTime,
  naive,
  memory,
  storeRate,
  refused,
  faults,
  startUp,
  installation,
];
