/** What every mode needs of the run. */
export interface RunContext {
  github: { apiUrl: string; graphqlUrl: string };
  /** Aborted when GitHub cancels the run. */
  shutdown: AbortSignal;
  /** The run stops cleanly before. */
  deadline: Date;
  /** `GITHUB_EVENT_NAME`. */
  eventName: string;
  /** Hides a secret in the log from now on. */
  mask: (secret: string) => void;
}
