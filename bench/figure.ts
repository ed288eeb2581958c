import type { Captures } from './captures.ts';
import type { Sizes } from './sizes.ts';

/** One line of the table. */
export interface Measurement {
  /** What was measured, on what. */
  figure: string;
  /** What came out, with its unit. */
  measured: string;
  target: string;
  isReached: boolean;
}

/** What the figures share. */
export interface BenchContext {
  readonly isQuick: boolean;
  readonly sizes: Sizes;
  readonly seed: number;
  /** Captures that several figures look at; each is made once. */
  readonly captures: Captures;
  /** A new, empty folder outside of the working tree, which goes with the run. */
  folder(name: string): Promise<string>;
  /** Tells how far it is. */
  say(text: string): void;
}

/** Some lines of the table that are measured together, and the name by which `--only` asks for them. */
export interface Figure {
  name: string;
  about: string;
  measure(context: BenchContext): Promise<Measurement[]>;
}
