import type { GitHubApp } from '../../app/github-app.ts';
import type { Config } from '../../src/config/config.ts';
import type { Database } from '../../src/store/database.ts';
import type { Finding } from './finding.ts';

/** What is asked, at an address of the configuration. */
export type Service = 'github' | 'inngest' | 'database';

/** What a check may look at. */
export interface DoctorContext {
  config: Config;
  /** Services that are not asked, each with the reason: their address is wrong, and another one would be asked instead. */
  notAsked: Partial<Record<Service, string>>;
  /** Null: it could not be opened, which is a finding of its own. */
  db: Database | null;
  /** Null: no credentials, or such that GitHub refuses. */
  app: GitHubApp | null;
  now: () => Date;
}

/** One area; it throws only where a thing that it needs is away, and that becomes a finding. */
export interface Check {
  name: string;
  /** Whom it asks; it is skipped where that must not be asked. */
  asks?: Exclude<Service, 'database'>;
  run: (context: DoctorContext) => Promise<Finding[]>;
}

/** What a question to another machine may take, in milliseconds. */
export const ASK_WITHIN_MS = 8_000;
