import { Buffer } from 'node:buffer';
import { fakeOid } from '../world/build.ts';
import type { Commit, Repository } from '../world/model.ts';
import { fullName } from '../world/model.ts';
import { makeNodeId } from '../world/node-id.ts';
import { representLabel, representRepository, representRole, representUser } from './represent.ts';
import {
  type Call,
  HttpError,
  notFound,
  numberParam,
  paginate,
  permitted,
  type Route,
  repositoryOf,
  route,
} from './router.ts';

function readContents(call: Call) {
  const repository = repositoryOf(call, 'contents');
  const path = call.params.path ?? '';
  const text = repository.contents.get(path);
  if (text === undefined) throw notFound();
  const url = `${call.sandbox.apiUrl}/repos/${fullName(repository)}/contents/${path}`;
  if (call.request.headers.accept?.includes('raw')) {
    return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text };
  }
  const sha = fakeOid(text);
  return {
    status: 200,
    body: {
      type: 'file',
      encoding: 'base64',
      size: Buffer.byteLength(text),
      name: path.split('/').at(-1),
      path,
      content: `${(
        Buffer.from(text)
          .toString('base64')
          .match(/.{1,60}/g) ?? []
      ).join('\n')}\n`,
      sha,
      url: `${url}?ref=${repository.defaultBranch}`,
      git_url: `${call.sandbox.apiUrl}/repos/${fullName(repository)}/git/blobs/${sha}`,
      html_url: `${call.sandbox.webUrl}/${fullName(repository)}/blob/${repository.defaultBranch}/${path}`,
      download_url: `${call.sandbox.webUrl}/${fullName(repository)}/raw/${repository.defaultBranch}/${path}`,
      _links: { self: url, git: null, html: null },
    },
  };
}

/** Accounts that have commits on the default branch, with their number, most first. */
function contributorsOf(repository: Repository) {
  const counts = new Map<number, { commit: Commit; contributions: number }>();
  for (const commit of repository.branchCommits) {
    if (!commit.author) continue;
    const entry = counts.get(commit.author.id) ?? { commit, contributions: 0 };
    entry.contributions++;
    counts.set(commit.author.id, entry);
  }
  return [...counts.values()].sort((a, b) => b.contributions - a.contributions);
}

function representCommit({ sandbox }: Call, commit: Commit) {
  const signature = { name: commit.authorName, email: commit.authorEmail, date: commit.authoredAt };
  const message = commit.body === '' ? commit.headline : `${commit.headline}\n\n${commit.body}`;
  const name = fullName(commit.repository);
  const author = commit.author && representUser(sandbox, commit.author);
  return {
    sha: commit.oid,
    node_id: makeNodeId('Commit', `${commit.repository.id}:${commit.oid}`),
    commit: {
      author: signature,
      committer: { ...signature, date: commit.committedAt },
      message,
      tree: {
        sha: fakeOid(commit.oid),
        url: `${sandbox.apiUrl}/repos/${name}/git/trees/${fakeOid(commit.oid)}`,
      },
      url: `${sandbox.apiUrl}/repos/${name}/git/commits/${commit.oid}`,
      comment_count: 0,
    },
    url: `${sandbox.apiUrl}/repos/${name}/commits/${commit.oid}`,
    html_url: `${sandbox.webUrl}/${name}/commit/${commit.oid}`,
    comments_url: `${sandbox.apiUrl}/repos/${name}/commits/${commit.oid}/comments`,
    author,
    committer: author,
    parents: [],
  };
}

function representBranch({ apiUrl }: Call['sandbox'], repository: Repository) {
  const { defaultBranch, isBranchProtected } = repository;
  const url = `${apiUrl}/repos/${fullName(repository)}/branches/${defaultBranch}`;
  const sha = repository.branchCommits.at(-1)?.oid ?? fakeOid(url);
  return {
    name: defaultBranch,
    commit: { sha, url: `${apiUrl}/repos/${fullName(repository)}/commits/${sha}` },
    _links: { self: url },
    protected: isBranchProtected,
    protection: { enabled: isBranchProtected },
    protection_url: `${url}/protection`,
  };
}

export const REPOSITORY_ROUTES: Route[] = [
  route('GET /repos/{owner}/{repo}', (call) => ({
    status: 200,
    body: representRepository(call.sandbox, repositoryOf(call, 'metadata')),
  })),
  route('GET /repos/{owner}/{repo}/branches/{branch*}', (call) => {
    const repository = repositoryOf(call, 'contents');
    const { branch } = call.params;
    // The world holds default branches alone.
    if (branch !== repository.defaultBranch) throw new HttpError(404, 'Branch not found');
    return { status: 200, body: representBranch(call.sandbox, repository) };
  }),
  route('GET /repositories/{id}', (call) => {
    const repository = call.sandbox.world.find('Repository', numberParam(call, 'id'));
    return { status: 200, body: representRepository(call.sandbox, permitted(call, repository, 'metadata')) };
  }),
  route('GET /repos/{owner}/{repo}/labels', (call) =>
    paginate(call, [...repositoryOf(call, 'issues|pull_requests').labels.values()], (label) =>
      representLabel(call.sandbox, label),
    ),
  ),
  route('GET /repos/{owner}/{repo}/contributors', (call) =>
    paginate(call, contributorsOf(repositoryOf(call, 'metadata')), ({ commit, contributions }) => ({
      ...(commit.author ? representUser(call.sandbox, commit.author) : {}),
      contributions,
    })),
  ),
  route('GET /repos/{owner}/{repo}/stargazers', (call) => {
    const { stars } = repositoryOf(call, 'metadata');
    if (stars > 0) throw new HttpError(500, 'sandbox: stargazers are counted, not listed');
    return { status: 200, body: [] };
  }),
  route('GET /repos/{owner}/{repo}/commits', (call) => {
    const { branchCommits } = repositoryOf(call, 'contents');
    const [since, until] = ['since', 'until'].map((name) => call.request.query.get(name));
    const wanted = branchCommits.filter(
      ({ committedAt }) =>
        (!since || Date.parse(committedAt) >= Date.parse(since)) &&
        (!until || Date.parse(committedAt) <= Date.parse(until)),
    );
    return paginate(call, wanted.reverse(), (commit) => representCommit(call, commit));
  }),
  route('GET /repos/{owner}/{repo}/contents/{path*}', readContents),
  route('GET /repos/{owner}/{repo}/collaborators/{user}/permission', (call) => {
    const repository = repositoryOf(call, 'metadata');
    const user = call.sandbox.world.findActor(call.params.user ?? '');
    if (!user) throw notFound();
    // Everybody may read a public repository.
    const role = repository.collaborators.get(user.id) ?? (repository.isPrivate ? 'none' : 'read');
    const { permission, role_name, permissions } = representRole(role);
    return {
      status: 200,
      body: { permission, role_name, user: { ...representUser(call.sandbox, user), permissions, role_name } },
    };
  }),
  route('GET /users/{user}', ({ sandbox, params }) => {
    const user = sandbox.world.findActor(params.user ?? '');
    if (!user) throw notFound();
    return { status: 200, body: { ...representUser(sandbox, user), name: user.name } };
  }),
  route('GET /orgs/{org}', ({ sandbox, params }) => {
    const user = sandbox.world.findActor(params.org ?? '');
    if (user?.kind !== 'Organization') throw notFound();
    return { status: 200, body: { ...representUser(sandbox, user), name: user.name } };
  }),
  route('GET /user', ({ sandbox, grant }) => {
    if (grant.kind !== 'user') throw new HttpError(403, 'Resource not accessible by integration');
    return { status: 200, body: representUser(sandbox, grant.actor) };
  }),
];
