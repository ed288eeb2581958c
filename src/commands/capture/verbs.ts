import type { CaptureVerb } from '../command.ts';
import { captureHelpVerb } from './help.ts';
import { captureHistoryVerb } from './history.ts';
import { pullVerb } from './pull.ts';
import { recentVerb } from './recent.ts';
import { captureStatusVerb } from './status.ts';
import { verifyVerb } from './verify.ts';

/** Every verb of `/capture`. */
export const CAPTURE_VERBS: readonly CaptureVerb[] = [
  captureHelpVerb,
  captureStatusVerb,
  recentVerb,
  pullVerb,
  captureHistoryVerb,
  verifyVerb,
];
