export type FindingStatus = 'ok' | 'warning' | 'failed' | 'skipped';

/** What one check found. */
export interface Finding {
  /** What was looked at, such as `database`. */
  check: string;
  status: FindingStatus;
  /** Stable; `ok` where all is well. */
  code: string;
  message: string;
  /** What to do; null where nothing is to be done. */
  cure: string | null;
}

export const ok = (check: string, message: string): Finding => ({
  ...{ check, status: 'ok', code: 'ok', message, cure: null },
});

export const skipped = (check: string, code: string, message: string): Finding => ({
  ...{ check, status: 'skipped', code, message, cure: null },
});

export const warning = (check: string, code: string, message: string, cure: string): Finding => ({
  ...{ check, status: 'warning', code, message, cure },
});

export const failed = (check: string, code: string, message: string, cure: string): Finding => ({
  ...{ check, status: 'failed', code, message, cure },
});
