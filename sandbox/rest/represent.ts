import type { AppRegistration } from '../access/tokens.ts';
import type { Actor, Installation, Label, Milestone, Permission, Repository } from '../world/model.ts';
import { fullName, type Role, restLogin } from '../world/model.ts';
import { nodeIdOf } from '../world/node-id.ts';

/** Origins that the URLs in answers start with. */
export interface Origins {
  /** `http://127.0.0.1:PORT/api/v3` */
  readonly apiUrl: string;
  /** `http://127.0.0.1:PORT` */
  readonly webUrl: string;
}

/** REST's "simple user"; `type` tells people, bots, organisations and mannequins apart. */
export function representUser({ apiUrl, webUrl }: Origins, actor: Actor) {
  const login = restLogin(actor);
  const url = `${apiUrl}/users/${encodeURIComponent(login)}`;
  return {
    login,
    id: actor.id,
    node_id: nodeIdOf(actor),
    avatar_url: `${webUrl}/avatars/u/${actor.id}?v=4`,
    gravatar_id: '',
    url,
    html_url: `${webUrl}/${actor.kind === 'Bot' ? 'apps/' : ''}${actor.login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: actor.kind,
    user_view_type: 'public',
    site_admin: false,
  };
}

export const representUserOrNull = (origins: Origins, actor: Actor | null) =>
  actor && representUser(origins, actor);

/** A link name of a repository, and what it adds to the repository's URL. */
const REPOSITORY_LINKS: Record<string, string> = {
  forks_url: '/forks',
  keys_url: '/keys{/key_id}',
  collaborators_url: '/collaborators{/collaborator}',
  teams_url: '/teams',
  hooks_url: '/hooks',
  issue_events_url: '/issues/events{/number}',
  events_url: '/events',
  assignees_url: '/assignees{/user}',
  branches_url: '/branches{/branch}',
  tags_url: '/tags',
  blobs_url: '/git/blobs{/sha}',
  git_tags_url: '/git/tags{/sha}',
  git_refs_url: '/git/refs{/sha}',
  trees_url: '/git/trees{/sha}',
  statuses_url: '/statuses/{sha}',
  languages_url: '/languages',
  stargazers_url: '/stargazers',
  contributors_url: '/contributors',
  subscribers_url: '/subscribers',
  subscription_url: '/subscription',
  commits_url: '/commits{/sha}',
  git_commits_url: '/git/commits{/sha}',
  comments_url: '/comments{/number}',
  issue_comment_url: '/issues/comments{/number}',
  contents_url: '/contents/{+path}',
  compare_url: '/compare/{base}...{head}',
  merges_url: '/merges',
  archive_url: '/{archive_format}{/ref}',
  downloads_url: '/downloads',
  issues_url: '/issues{/number}',
  pulls_url: '/pulls{/number}',
  milestones_url: '/milestones{/number}',
  notifications_url: '/notifications{?since,all,participating}',
  labels_url: '/labels{/name}',
  releases_url: '/releases{/id}',
  deployments_url: '/deployments',
};

const counted = new WeakMap<Repository, { version: number; open: number }>();

/** Open issues and pull requests; counted again only after a change, since every listed item shows it. */
function countOpen(repository: Repository): number {
  let count = counted.get(repository);
  if (count?.version !== repository.version) {
    const items = [...repository.pulls.values(), ...repository.issues.values()];
    count = { version: repository.version, open: items.filter(({ state }) => state === 'OPEN').length };
    counted.set(repository, count);
  }
  return count.open;
}

export function representRepository(origins: Origins, repository: Repository) {
  const name = fullName(repository);
  const url = `${origins.apiUrl}/repos/${name}`;
  const htmlUrl = `${origins.webUrl}/${name}`;
  const host = new URL(origins.webUrl).host;
  const openIssues = countOpen(repository);
  return {
    id: repository.id,
    node_id: nodeIdOf(repository),
    name: repository.name,
    full_name: name,
    private: repository.isPrivate,
    owner: representUser(origins, repository.owner),
    html_url: htmlUrl,
    description: null,
    fork: repository.isFork,
    url,
    ...Object.fromEntries(Object.entries(REPOSITORY_LINKS).map(([key, path]) => [key, url + path])),
    created_at: repository.createdAt,
    updated_at: repository.updatedAt,
    pushed_at: repository.pushedAt,
    git_url: `git://${host}/${name}.git`,
    ssh_url: `git@${host}:${name}.git`,
    clone_url: `${htmlUrl}.git`,
    svn_url: htmlUrl,
    homepage: null,
    size: repository.branchCommits.length,
    stargazers_count: repository.stars,
    watchers_count: repository.stars,
    language: null,
    has_issues: true,
    has_projects: true,
    has_downloads: true,
    has_wiki: true,
    has_pages: false,
    has_discussions: false,
    forks_count: 0,
    mirror_url: null,
    archived: repository.isArchived,
    disabled: false,
    open_issues_count: openIssues,
    license: null,
    allow_forking: true,
    is_template: false,
    web_commit_signoff_required: false,
    topics: [],
    visibility: repository.isPrivate ? 'private' : 'public',
    forks: 0,
    open_issues: openIssues,
    watchers: repository.stars,
    default_branch: repository.defaultBranch,
    custom_properties: {},
  };
}

/** What `installation` payloads list: five fields. */
export function representShortRepository(repository: Repository) {
  return {
    id: repository.id,
    node_id: nodeIdOf(repository),
    name: repository.name,
    full_name: fullName(repository),
    private: repository.isPrivate,
  };
}

export function representOrganization({ apiUrl, webUrl }: Origins, actor: Actor) {
  const url = `${apiUrl}/orgs/${actor.login}`;
  return {
    login: actor.login,
    id: actor.id,
    node_id: nodeIdOf(actor),
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: `${webUrl}/avatars/u/${actor.id}?v=4`,
    description: '',
  };
}

export function representLabel({ apiUrl }: Origins, label: Label) {
  return {
    id: label.id,
    node_id: nodeIdOf(label),
    url: `${apiUrl}/repos/${fullName(label.repository)}/labels/${encodeURIComponent(label.name)}`,
    name: label.name,
    color: label.color,
    default: label.isDefault,
    description: label.description,
  };
}

export function representMilestone({ apiUrl, webUrl }: Origins, milestone: Milestone) {
  const path = `${fullName(milestone.repository)}`;
  const url = `${apiUrl}/repos/${path}/milestones/${milestone.number}`;
  return {
    url,
    html_url: `${webUrl}/${path}/milestone/${milestone.number}`,
    labels_url: `${url}/labels`,
    id: milestone.id,
    node_id: nodeIdOf(milestone),
    number: milestone.number,
    title: milestone.title,
    description: null,
    creator: null,
    open_issues: 0,
    closed_issues: 0,
    state: milestone.state.toLowerCase(),
    created_at: milestone.createdAt,
    updated_at: milestone.updatedAt,
    due_on: null,
    closed_at: null,
  };
}

export function representInstallation(origins: Origins, app: AppRegistration, installation: Installation) {
  const { apiUrl, webUrl } = origins;
  return {
    id: installation.id,
    client_id: app.clientId,
    account: representUser(origins, installation.account),
    repository_selection: installation.selection,
    access_tokens_url: `${apiUrl}/app/installations/${installation.id}/access_tokens`,
    repositories_url: `${apiUrl}/installation/repositories`,
    html_url: `${webUrl}/organizations/${installation.account.login}/settings/installations/${installation.id}`,
    app_id: app.id,
    app_slug: app.slug,
    target_id: installation.account.id,
    target_type: installation.account.kind,
    permissions: installation.permissions,
    events: app.events,
    created_at: installation.createdAt,
    updated_at: installation.createdAt,
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: null,
    suspended_at: installation.suspendedAt,
  };
}

/** The five booleans that a role stands for, and its legacy name. */
export function representRole(role: Role | 'none'): {
  permission: string;
  role_name: string;
  permissions: Record<string, boolean>;
} {
  const order = ['none', 'read', 'triage', 'write', 'maintain', 'admin'];
  const level = order.indexOf(role);
  const has = (name: string) => level >= order.indexOf(name);
  const legacy: Record<string, Permission | 'none'> = { maintain: 'write', triage: 'read' };
  return {
    permission: legacy[role] ?? role,
    role_name: role,
    permissions: {
      pull: has('read'),
      triage: has('triage'),
      push: has('write'),
      maintain: has('maintain'),
      admin: has('admin'),
    },
  };
}
