/** Payloads of webhooks as GitHub documents them, cut to what a reader of these tests needs. */

export const ACCOUNT = { id: 9001, login: 'acme', type: 'Organization' };
export const PERSON = { id: 501, login: 'octocat', type: 'User' };
export const REPOSITORY = {
  id: 7001,
  node_id: 'R_7001',
  full_name: 'acme/widgets',
  private: false,
  archived: false,
  fork: false,
  default_branch: 'main',
  owner: ACCOUNT,
};
export const INSTALLATION = { id: 42 };

type Fields = Record<string, unknown>;

function inRepository(action: string, fields: Fields): Fields {
  return { action, repository: REPOSITORY, installation: INSTALLATION, sender: PERSON, ...fields };
}

export function pullRequestEvent(action: string, number: number, updatedAt: string): Fields {
  return inRepository(action, { number, pull_request: { number, updated_at: updatedAt } });
}

export function reviewEvent(action: string, number: number, submittedAt: string): Fields {
  return inRepository(action, { pull_request: { number }, review: { id: 1, submitted_at: submittedAt } });
}

export function reviewCommentEvent(action: string, number: number, comment: Fields): Fields {
  return inRepository(action, { pull_request: { number }, comment });
}

export function reviewThreadEvent(action: string, number: number, updatedAt?: string): Fields {
  return inRepository(action, {
    pull_request: { number },
    thread: { node_id: 'PRRT_1' },
    updated_at: updatedAt,
  });
}

export function issueCommentEvent(
  action: string,
  number: number,
  options: { isPullRequest?: boolean; comment?: Fields } = {},
): Fields {
  return inRepository(action, {
    issue: {
      id: 30_000 + number,
      number,
      state: 'open',
      created_at: '2026-11-01T00:00:00Z',
      updated_at: '2026-11-20T00:00:00Z',
      ...(options.isPullRequest ? { pull_request: { url: 'https://api.github.com/x' } } : {}),
    },
    comment: {
      id: 80_001,
      body: 'Thanks!',
      user: PERSON,
      created_at: '2026-11-20T10:00:00Z',
      updated_at: '2026-11-20T11:00:00Z',
      performed_via_github_app: null,
      ...options.comment,
    },
  });
}

export function issuesEvent(action: string, number: number, updatedAt: string): Fields {
  return inRepository(action, {
    issue: {
      id: 30_000 + number,
      number,
      title: 'It does not work',
      state: 'closed',
      created_at: '2026-11-01T00:00:00Z',
      updated_at: updatedAt,
    },
  });
}

export function labelEvent(action: string): Fields {
  return inRepository(action, {
    label: { id: 1, node_id: 'LA_1', name: 'bug', color: 'ff0000', default: true },
  });
}

export function pushEvent(fields: Fields = {}): Fields {
  const { action: _, ...payload } = inRepository('', {
    ref: 'refs/heads/main',
    after: 'a'.repeat(40),
    deleted: false,
    commits: [],
    head_commit: null,
    ...fields,
  });
  return payload;
}

export function repositoryEvent(action: string, repository: Fields = {}): Fields {
  return inRepository(action, { repository: { ...REPOSITORY, ...repository } });
}

export function installationEvent(
  action: string,
  repositories: Fields[] = [installed(7001, 'acme/widgets')],
): Fields {
  return { action, installation: { ...INSTALLATION, account: ACCOUNT }, repositories, sender: PERSON };
}

export function installationRepositoriesEvent(action: string, added: Fields[], removed: Fields[]): Fields {
  return {
    action,
    installation: { ...INSTALLATION, account: ACCOUNT },
    repositories_added: added,
    repositories_removed: removed,
    sender: PERSON,
  };
}

export function installed(id: number, fullName: string): Fields {
  return { id, node_id: `R_${id}`, name: fullName.split('/')[1], full_name: fullName, private: false };
}

export function workflowRunEvent(action: string, run: Fields, fullName = 'acme/jobs'): Fields {
  return inRepository(action, {
    repository: { ...REPOSITORY, id: 7999, full_name: fullName },
    workflow_run: {
      id: 5001,
      run_attempt: 1,
      display_title: 'Bulk capture',
      event: 'workflow_dispatch',
      conclusion: 'failure',
      ...run,
    },
  });
}
