import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { isoSeconds } from './clock.ts';
import {
  addCommit,
  addIssueComment,
  addLabel,
  addPullRequest,
  addReview,
  addReviewComment,
  addThread,
} from './world/build.ts';
import type { Repository } from './world/model.ts';
import { addMergeCommit, lastChange, settle } from './world/settle.ts';
import type { World } from './world/world.ts';

/** A file that can't be loaded; the message is one line that says where and why. */
export class DatasetError extends Error {
  override name = 'DatasetError';
}

const Time = z.iso.datetime({ offset: true });
const Login = z.string().min(1).nullable();
const Count = z.number().int().nonnegative();
const Text = z.object({ author: Login, body: z.string(), at: Time });

/** One line of a data set: a pull request and what belongs to it. */
const Line = z.object({
  number: z.number().int().positive(),
  title: z.string(),
  author: Login,
  createdAt: Time,
  mergedAt: Time.nullable(),
  mergedBy: Login,
  sha: z.string().regex(/^[0-9a-f]{40}$/, 'must be 40 hex digits'),
  body: z.string(),
  labels: z.array(z.string().min(1)),
  files: z.array(z.tuple([z.string().min(1), Count, Count])),
  commits: z.array(
    z.object({
      oid: z.string().regex(/^[0-9a-f]{40}$/, 'must be 40 hex digits'),
      name: z.string(),
      date: Time,
      headline: z.string(),
    }),
  ),
  reviews: z.array(
    Text.extend({ state: z.enum(['COMMENTED', 'APPROVED', 'CHANGES_REQUESTED', 'DISMISSED']) }),
  ),
  comments: z.array(Text),
  threads: z.array(
    z.object({ path: z.string().min(1), resolved: z.boolean(), comments: z.array(Text).min(1) }),
  ),
});
type Line = z.infer<typeof Line>;

const utc = (time: string) => isoSeconds(Date.parse(time));

/**
 * Loads a data set (gzip, one pull request a line) into a repository.
 * Throws DatasetError, naming the file, the line and the field.
 */
export async function loadDataset(world: World, repository: Repository, path: string): Promise<void> {
  for (const { line, place } of parse(await read(path), path)) {
    if (repository.pulls.has(line.number)) {
      throw new DatasetError(`${place}: pull request ${line.number} was there before`);
    }
    addLine(world, repository, line);
  }
  settle(repository);
}

async function read(path: string): Promise<string> {
  let file: Buffer;
  try {
    file = await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new DatasetError(
      `${path}: ${code === 'ENOENT' ? 'there is no such file' : `can't be read (${code})`}`,
    );
  }
  try {
    return gunzipSync(file).toString();
  } catch (error) {
    // zlib's word for data that ends before its end: https://nodejs.org/api/zlib.html#zlib-constants
    const isCut = file.length > 0 && (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR';
    throw new DatasetError(`${path}: ${isCut ? 'is cut off before its end' : 'is not a gzip file'}`);
  }
}

function* parse(text: string, path: string): Generator<{ line: Line; place: string }> {
  let isEmpty = true;
  for (const [index, source] of text.split('\n').entries()) {
    if (source.trim() === '') continue;
    isEmpty = false;
    const place = `${path}: line ${index + 1}`;
    let value: unknown;
    try {
      value = JSON.parse(source);
    } catch {
      throw new DatasetError(`${place}: is not JSON`);
    }
    const result = Line.safeParse(value);
    if (!result.success) {
      const [issue] = result.error.issues;
      throw new DatasetError(`${place}: ${issue?.path.join('.') || 'the line'}: ${issue?.message}`);
    }
    yield { line: result.data, place };
  }
  if (isEmpty) throw new DatasetError(`${path}: holds no pull requests`);
}

function addLine(world: World, repository: Repository, line: Line): void {
  const actor = (login: string | null) => (login === null ? null : world.actor(login));
  const mergedAt = line.mergedAt === null ? null : utc(line.mergedAt);
  const createdAt = utc(line.createdAt);
  const pull = addPullRequest(world, repository, {
    number: line.number,
    title: line.title,
    body: line.body,
    author: actor(line.author),
    createdAt,
    state: mergedAt === null ? 'OPEN' : 'MERGED',
    mergedAt,
    closedAt: mergedAt,
    mergedBy: actor(line.mergedBy),
    mergeCommitOid: mergedAt === null ? null : line.sha,
    headOid: line.commits.at(-1)?.oid ?? line.sha,
    labels: line.labels.map((name) => addLabel(world, repository, name)),
  });
  for (const { oid, name, date, headline } of line.commits) {
    pull.commits.push(addCommit(repository, { oid, headline, authorName: name, authoredAt: utc(date) }));
  }
  for (const [path, additions, deletions] of line.files) {
    pull.files.push({ kind: 'PullRequestChangedFile', path, additions, deletions, changeType: 'MODIFIED' });
  }
  for (const { author, state, body, at } of line.reviews) {
    addReview(world, pull, { author: actor(author), state, body, createdAt: utc(at) });
  }
  for (const { author, body, at } of line.comments) {
    addIssueComment(world, pull, { author: actor(author), body, createdAt: utc(at) });
  }
  for (const [index, { path, resolved, comments }] of line.threads.entries()) {
    const thread = addThread(world, pull, {
      path,
      isResolved: resolved,
      line: index + 1,
      originalLine: index + 1,
    });
    for (const { author, body, at } of comments) {
      addReviewComment(world, thread, { author: actor(author), body, createdAt: utc(at) });
    }
  }
  pull.updatedAt = lastChange(pull);
  if (mergedAt !== null) addMergeCommit(world, pull, mergedAt);
}
