import { parseRepositoryFile, REPOSITORY_FILE } from '../src/config/repository-file.ts';
import { statusOf } from '../src/github/status-of.ts';
import type { Database } from '../src/store/database.ts';
import { neutralizeLog } from '../src/text/neutralize.ts';
import { askOnce, type GitHubApp } from './github-app.ts';
import type { AppLog } from './log.ts';

/** The path stands in the route: as a parameter its slashes would be sent encoded. */
const FILE_ROUTE = `GET /repos/{owner}/{repo}/contents/${REPOSITORY_FILE}`;

export interface SettingsReader {
  /** Reads the settings file of these repositories, one after the other, in the background. */
  read(repositoryIds: number[]): void;
  /** Resolves when all that was asked for is read. */
  idle(): Promise<void>;
  /** Lets the one that is being read end, and reads no more: the next push or installation asks again. */
  stop(): Promise<void>;
}

/**
 * Keeps `repositories.settings` as `.github/hybrid-capture.yml` says (the repository's, or else that of the owner's
 * `.github` repository). A wrong file is reported in the log and in `settings_problem`, and the defaults hold.
 * One that can't be fetched now leaves what is stored.
 */
export function createSettingsReader(options: { db: Database; app: GitHubApp; log: AppLog }): SettingsReader {
  const { db, app, log } = options;
  let queue: Promise<void> = Promise.resolve();
  let isStopped = false;
  return {
    read: (repositoryIds) => {
      for (const id of repositoryIds) {
        queue = queue
          .then(async () => {
            if (!isStopped) await readOne(db, app, log, id);
          })
          .catch((err: unknown) =>
            log.warn({ err, stage: 'settings', repository_id: id }, `${REPOSITORY_FILE} could not be read.`),
          );
      }
    },
    idle: () => queue,
    stop: () => {
      isStopped = true;
      return queue;
    },
  };
}

async function readOne(db: Database, app: GitHubApp, log: AppLog, id: number): Promise<void> {
  const row = await db
    .selectFrom('repositories')
    .select(['full_name', 'installation_id'])
    .where('id', '=', id)
    .executeTakeFirst();
  const [owner, repo] = row?.full_name.split('/') ?? [];
  if (!row?.installation_id || !owner || !repo) return;
  const text =
    (await fetchFile(app, row.installation_id, owner, repo)) ??
    (repo === '.github' ? null : await fetchFile(app, row.installation_id, owner, '.github'));
  const { settings, problem } = text === null ? { settings: null, problem: null } : parseRepositoryFile(text);
  await db
    .updateTable('repositories')
    .set({ settings: problem || !settings ? null : JSON.stringify(settings), settings_problem: problem })
    .where('id', '=', id)
    .execute();
  if (problem) log.warn({ stage: 'settings', repository: row.full_name }, neutralizeLog(problem));
}

/** The file's text; null where there is none, or the App can't see the repository. */
async function fetchFile(
  app: GitHubApp,
  installationId: number,
  owner: string,
  repo: string,
): Promise<string | null> {
  const octokit = await app.installation(installationId);
  try {
    const { data }: { data: unknown } = await octokit.request(FILE_ROUTE, {
      owner,
      repo,
      headers: { accept: 'application/vnd.github.raw+json' },
      request: askOnce(),
    });
    return typeof data === 'string' ? data : null;
  } catch (error) {
    const status = statusOf(error);
    if (status === 404 || status === 403) return null;
    throw error;
  }
}
