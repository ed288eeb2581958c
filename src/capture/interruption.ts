/**
 * Ends a capture before its end, without an error: `stopped` by the destination or the caller's signal; `continue` for the
 * deadline, or for a wait that GitHub asks and that is longer than the caller allows.
 */
export class Interruption extends Error {
  override name = 'Interruption';
  readonly status: 'continue' | 'stopped';
  /** Not before this time; null: at once. */
  readonly continueAt: Date | null;

  constructor(status: 'continue' | 'stopped', reason: string, continueAt: Date | null = null) {
    super(reason);
    this.status = status;
    this.continueAt = continueAt;
  }
}
