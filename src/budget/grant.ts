import { BUDGET_SHARE_HOLDS_MS } from '../jobs-api/protocol.ts';
import type { HolderKind, ResponseTimes } from './limits.ts';

/** What a share may take on its way to the holder before the holder's own clock counts. */
const ON_THE_WAY_MS = 15_000;
/**
 * A share is used no longer than this after it was granted, whatever answer got lost or came late: that is what makes it safe
 * to give the rest to others.
 */
export const GRANT_LASTS_MS = BUDGET_SHARE_HOLDS_MS + ON_THE_WAY_MS;

/** A promise to one holder, as the ledger keeps it: so much response time in any 60 s, until then. */
export interface Grant extends ResponseTimes {
  /** One execution of a run; another one, with a sliding window of its own, is another holder. */
  holder: string;
  kind: HolderKind;
  grantedAt: Date;
  /** Until then the holder may use it; what it used may count at GitHub for a minute more. */
  usableUntil: Date;
  /** What the holder had used since it began; null when it did not tell. */
  usedBefore: ResponseTimes | null;
  /** The holder is gone; the amounts are what it has used up to `usableUntil`, and those of one holder add up. */
  isReleased: boolean;
}
