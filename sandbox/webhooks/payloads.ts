import {
  representInstallation,
  representLabel,
  representOrganization,
  representRepository,
  representShortRepository,
  representUser,
  representUserOrNull,
} from '../rest/represent.ts';
import {
  representIssue,
  representIssueComment,
  representPull,
  representReview,
  representReviewComment,
  representThread,
} from '../rest/represent-discussion.ts';
import type { SandboxCore } from '../sandbox.ts';
import type {
  Actor,
  Installation,
  Issue,
  IssueComment,
  Label,
  PullRequest,
  Repository,
  Review,
  ReviewComment,
  ReviewThread,
} from '../world/model.ts';
import { makeNodeId } from '../world/node-id.ts';

/** What happened: the objects that the event's payload shows. */
export interface Happening {
  sender: Actor;
  repository?: Repository;
  pull?: PullRequest;
  issue?: Issue;
  comment?: IssueComment | ReviewComment;
  review?: Review;
  thread?: ReviewThread;
  label?: Label;
  assignee?: Actor;
  /** For `installation` events, and where the installation no longer has the repository. */
  installation?: Installation;
  /** Before an edit: `{ body: { from } }`. */
  changes?: object;
  /** What only this event has (`before`, `after`, `commits`, `workflow_run`, …). */
  extra?: object;
}

function subjectOf({ comment, review, thread, pull, issue }: Happening): PullRequest | Issue | undefined {
  if (comment?.kind === 'IssueComment') return comment.subject;
  return pull ?? issue ?? comment?.thread.pull ?? review?.pull ?? thread?.pull;
}

const repositoryOfEvent = (happening: Happening): Repository | undefined =>
  happening.repository ?? subjectOf(happening)?.repository ?? happening.label?.repository;

/** The installation that hears of the event. */
export function installationOfEvent({ world }: SandboxCore, happening: Happening): Installation | undefined {
  const repository = repositoryOfEvent(happening);
  return happening.installation ?? (repository && world.installationOf(repository));
}

/** An event's payload with the keys that GitHub's has. */
export function eventPayload(
  sandbox: SandboxCore,
  event: string,
  action: string | null,
  happening: Happening,
  installation: Installation,
): Record<string, unknown> {
  const { comment, review, thread, label, assignee, sender, changes, extra } = happening;
  const subject = subjectOf(happening);
  const repository = repositoryOfEvent(happening);
  const payload: Record<string, unknown> = {};
  if (action !== null) payload.action = action;
  if (subject?.kind === 'PullRequest' && comment?.kind !== 'IssueComment') {
    if (!comment && !review && !thread) payload.number = subject.number;
    payload.pull_request = representPull(sandbox, subject);
  } else if (subject) {
    payload.issue = representIssue(sandbox, subject);
  }
  if (comment?.kind === 'IssueComment') {
    payload.comment = representIssueComment(sandbox, sandbox.app.slug, comment);
  } else if (comment) {
    payload.comment = representReviewComment(sandbox, comment);
  }
  if (review) {
    // Webhooks spell the state in small letters, and an empty body is null.
    const shown = representReview(sandbox, review);
    payload.review = { ...shown, state: shown.state.toLowerCase(), body: shown.body || null };
  }
  if (thread) payload.thread = representThread(sandbox, thread);
  if (label) payload.label = representLabel(sandbox, label);
  if (assignee) payload.assignee = representUserOrNull(sandbox, assignee);
  if (changes) payload.changes = changes;
  Object.assign(payload, extra);
  if (repository) {
    const shown = representRepository(sandbox, repository);
    payload.repository = event === 'push' ? asInPush(shown) : shown;
    if (repository.owner.kind === 'Organization') {
      payload.organization = representOrganization(sandbox, repository.owner);
    }
    payload.installation = {
      id: installation.id,
      node_id: makeNodeId('User', installation.id).replace('U_', 'MDIz'),
    };
  } else {
    payload.installation = representInstallation(sandbox, sandbox.app, installation);
  }
  payload.sender = representUser(sandbox, sender);
  return payload;
}

/** `push` alone shows a repository in an older way: times in seconds, the owner with name and e-mail. */
function asInPush(repository: ReturnType<typeof representRepository>) {
  const seconds = (time: string) => Date.parse(time) / 1000;
  return {
    ...repository,
    owner: { name: repository.owner.login, email: null, ...repository.owner },
    url: repository.html_url,
    created_at: seconds(repository.created_at),
    pushed_at: seconds(repository.pushed_at),
    stargazers: repository.stargazers_count,
    master_branch: repository.default_branch,
  };
}

/** The repositories that an `installation` event lists. */
export const shortRepositories = (repositories: readonly Repository[]) =>
  repositories.map(representShortRepository);
