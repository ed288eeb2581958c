import { existsSync } from 'node:fs';
import type { Config } from '../../src/config/config.ts';
import { DataFolderLockedError } from '../../src/store/folder-lock.ts';
import { type OpenDatabase, openDatabase } from '../../src/store/open-database.ts';
import { openGitHubApp } from '../open-github.ts';
import { alarmsCheck } from './check-alarms.ts';
import { controlRepositoryCheck } from './check-control-repository.ts';
import { databaseChecks } from './check-database.ts';
import { githubChecks } from './check-github.ts';
import { inngestChecks } from './check-inngest.ts';
import { jobsRepositoryChecks } from './check-jobs-repository.ts';
import { publicUrlCheck } from './check-public-url.ts';
import { rolloutCheck } from './check-rollout.ts';
import type { Check, DoctorContext } from './context.ts';
import { type Finding, failed, skipped } from './finding.ts';
import { guard } from './guard.ts';
import { hideSecrets } from './hide-secrets.ts';
import { type ReadConfiguration, readConfiguration } from './read-configuration.ts';

const CHECKS: readonly Check[] = [
  databaseChecks,
  publicUrlCheck,
  githubChecks,
  jobsRepositoryChecks,
  controlRepositoryCheck,
  inngestChecks,
  rolloutCheck,
  alarmsCheck,
];

/**
 * Looks at everything that must be right, in the order in which it is best put right, and changes nothing.
 * @param more checks that do something, asked for by name
 */
export async function runDoctor(options: {
  env: Readonly<Record<string, string | undefined>>;
  more?: readonly Check[];
  now?: () => Date;
}): Promise<Finding[]> {
  const { env, more = [], now = () => new Date() } = options;
  const { config, notAsked, findings } = readConfiguration(env);
  if (config !== null) {
    const opened = await open(config, notAsked);
    if (opened.finding) findings.push(opened.finding);
    try {
      const app = notAsked.github === undefined ? await openGitHubApp(config) : null;
      const context = { config, notAsked, db: opened.database?.db ?? null, now };
      for (const check of [...CHECKS, ...more]) {
        // What GitHub answers to a key that it does not know is no answer to another question.
        findings.push(
          ...(await make(check, { ...context, app: findings.some(isGitHubClosed) ? null : app })),
        );
      }
    } finally {
      await opened.database?.close();
    }
  }
  return findings.map((finding) => hideSecrets(finding, env));
}

async function make(check: Check, context: DoctorContext): Promise<Finding[]> {
  const reason = check.asks && context.notAsked[check.asks];
  if (reason !== undefined) return [skipped(check.name, 'address_wrong', reason)];
  return guard(check.name, () => check.run(context));
}

function isGitHubClosed({ check, status }: Finding): boolean {
  return status === 'failed' && (check === 'github' || check === 'github app');
}

async function open(
  config: Config,
  notAsked: ReadConfiguration['notAsked'],
): Promise<{ database: OpenDatabase | null; finding: Finding | null }> {
  const { url, dataDir } = config.database;
  if (notAsked.database !== undefined) {
    return { database: null, finding: skipped('database', 'address_wrong', notAsked.database) };
  }
  if (url === null && !existsSync(dataDir)) {
    const message = `There is no embedded database in ${dataDir} yet, and DATABASE_URL is not set.`;
    const cure = 'Set DATABASE_URL to a Postgres database, or start the app once.';
    return { database: null, finding: failed('database', 'no_database', message, cure) };
  }
  try {
    return { database: await openDatabase(config.database), finding: null };
  } catch (error) {
    const message = error instanceof Error ? (error.message.split('\n')[0] ?? error.name) : String(error);
    // The app that has it looks at it, too.
    if (error instanceof DataFolderLockedError) {
      return { database: null, finding: skipped('database', 'database_in_use', message) };
    }
    const cure =
      'Check DATABASE_URL and DATABASE_CA, that the server is up, and that it lets this machine in.';
    return { database: null, finding: failed('database', 'database_unreachable', message, cure) };
  }
}
