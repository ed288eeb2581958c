import { z } from 'zod';

/**
 * What is used of GitHub's webhook payloads, and nothing else: fields that GitHub adds, or that this product
 * does not read, can't make a delivery invalid.
 * Source: https://docs.github.com/webhooks/webhook-events-and-payloads
 */

const Id = z.int().positive();
const Timestamp = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

const Account = z.object({ id: Id, login: z.string().min(1), type: z.string().default('User') });
/** Payloads of the App always have it; those of a webhook that was made by hand in a repository do not. */
const Installation = z.object({ id: Id });

const Repository = z.object({
  id: Id,
  node_id: z.string().optional(),
  full_name: z.string().regex(/^[^/\s]+\/[^/\s]+$/),
  private: z.boolean(),
  owner: Account,
  default_branch: z.string().optional(),
  archived: z.boolean().optional(),
  fork: z.boolean().optional(),
});
export type PayloadRepository = z.infer<typeof Repository>;

/** In installation payloads a repository comes without its owner, which is the installation's account. */
const InstalledRepository = Repository.pick({ id: true, node_id: true, full_name: true, private: true });
export type InstalledRepository = z.infer<typeof InstalledRepository>;

const InRepository = z.object({
  action: z.string().min(1),
  repository: Repository,
  installation: Installation.optional(),
  sender: Account.optional(),
});

const PullRequest = z.object({ number: Id, updated_at: Timestamp.optional() });

const Issue = z.object({
  id: Id,
  number: Id,
  title: z.string().optional(),
  state: z.enum(['open', 'closed']).default('open'),
  created_at: Timestamp.optional(),
  updated_at: Timestamp.optional(),
  /** Present on the issue side of a pull request only. */
  pull_request: z.object({}).nullish(),
});
export type PayloadIssue = z.infer<typeof Issue>;

const IssueComment = z.object({
  id: Id,
  body: z.string().nullish(),
  user: Account.nullish(),
  created_at: Timestamp.optional(),
  updated_at: Timestamp.optional(),
  performed_via_github_app: z.object({}).nullish(),
});

const InstallationEvent = z.object({
  action: z.string().min(1),
  installation: Installation.extend({ account: Account }),
  sender: Account.optional(),
});

/** By the value of `X-GitHub-Event`. An event that is not here is unknown to this product. */
export const PAYLOADS = {
  pull_request: InRepository.extend({ pull_request: PullRequest }),
  pull_request_review: InRepository.extend({
    pull_request: PullRequest,
    review: z.object({ submitted_at: Timestamp.nullish(), updated_at: Timestamp.nullish() }),
  }),
  pull_request_review_comment: InRepository.extend({
    pull_request: PullRequest,
    comment: z.object({ id: Id, updated_at: Timestamp.nullish() }),
  }),
  pull_request_review_thread: InRepository.extend({
    pull_request: PullRequest,
    updated_at: Timestamp.nullish(),
  }),
  issue_comment: InRepository.extend({ issue: Issue, comment: IssueComment }),
  issues: InRepository.extend({ issue: Issue }),
  label: InRepository.extend({ label: z.object({ node_id: z.string().min(1), name: z.string() }) }),
  repository: InRepository,
  push: InRepository.omit({ action: true }).extend({
    ref: z.string().min(1),
    after: z.string().optional(),
    deleted: z.boolean().default(false),
    head_commit: z.object({ timestamp: Timestamp.optional() }).nullish(),
    commits: z
      .array(
        z.object({
          timestamp: Timestamp.optional(),
          added: z.array(z.string()).default([]),
          modified: z.array(z.string()).default([]),
          removed: z.array(z.string()).default([]),
        }),
      )
      .default([]),
  }),
  workflow_run: InRepository.extend({
    workflow_run: z.object({
      id: Id,
      run_attempt: Id.default(1),
      display_title: z.string().default(''),
      event: z.string().default(''),
      conclusion: z.string().nullish(),
    }),
  }),
  installation: InstallationEvent.extend({ repositories: z.array(InstalledRepository).default([]) }),
  installation_repositories: InstallationEvent.extend({
    repositories_added: z.array(InstalledRepository).default([]),
    repositories_removed: z
      .array(
        InstalledRepository.pick({ id: true, full_name: true, private: true }).partial({
          full_name: true,
          private: true,
        }),
      )
      .default([]),
  }),
} as const;

export type EventName = keyof typeof PAYLOADS;
export type Payload<Name extends EventName> = z.infer<(typeof PAYLOADS)[Name]>;

export function isEventName(name: string): name is EventName {
  return Object.hasOwn(PAYLOADS, name);
}
