/** Pull requests of the histories. */
export interface Sizes {
  /** The public history that the densities are from. */
  history: number;
  long: number;
  /** Beside `long`, to see what grows with the length. */
  short: number;
  /** Whose rows are stored and copied. */
  stored: number;
  /** Of each repository of an installation. */
  installation: number;
  /** Times that a wall time is measured. */
  runs: number;
}

export const FULL_SIZES: Sizes = {
  history: 6_375,
  long: 20_000,
  short: 2_000,
  stored: 3_000,
  installation: 200,
  runs: 3,
};

/** Enough to see that everything works; too little to judge a figure by. */
export const QUICK_SIZES: Sizes = {
  history: 300,
  long: 400,
  short: 100,
  stored: 150,
  installation: 20,
  runs: 1,
};
