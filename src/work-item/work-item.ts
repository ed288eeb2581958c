/** What a job captures. `history` is repository-wide work over a range of time. */
export type JobType =
  | 'pull_requests'
  | 'issues'
  | 'history'
  | 'branch_commits'
  | 'labels'
  | 'classify'
  | 'verify';

/** Why the work exists. */
export type WorkReason = 'webhook' | 'manual' | 'scheduled' | 'installation' | 'continuation';

/** What repository-wide work walks. */
export const CAPTURE_INCLUDES = ['pull-requests', 'issues', 'commits', 'labels'] as const;
export type CaptureInclude = (typeof CAPTURE_INCLUDES)[number];

export interface Actor {
  /** GitHub's numeric user id; logins change and are reused. */
  id: number;
  login: string;
}

export interface WorkRepository {
  /** GitHub's numeric id; survives renames. */
  id: number;
  /** `owner/name`, as GitHub last spelled it. */
  fullName: string;
  installationId: number;
  isPrivate: boolean;
}

/** One piece of work: names a repository, what to capture, why, for whom, and its range. */
export interface WorkItem {
  repository: WorkRepository;
  type: JobType;
  /** Numbers of pull requests or issues, ascending and unique; empty for repository-wide work. */
  items: readonly number[];
  /**
   * When the changes to be captured happened (not the age of the pull request that they belong to).
   * No `since`: from the beginning. No `until`: up to now.
   */
  range: { since?: Date; until?: Date };
  include: readonly CaptureInclude[];
  reason: WorkReason;
  /** Who asked or caused it; absent for work that the system makes by itself. */
  actor?: Actor;
  /** Asked for by `--critical`, or the recent half of a repository that is new within 24 hours. */
  isCritical: boolean;
  /** GUID of the webhook delivery that it came from. */
  deliveryId?: string;
}
