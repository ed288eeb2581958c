// Made by scripts/generate-database-types.ts from the migrated schema; a test fails when it is out of date.
import type { ColumnType, GeneratedAlways } from 'kysely';

/** What has a default may be left out of an insert. */
type Generated<T> =
  T extends ColumnType<infer S, infer I, infer U> ? ColumnType<S, I | undefined, U> : ColumnType<T, T | undefined, T>;
type Timestamp = ColumnType<Date, Date | string, Date | string>;
/** Objects only: `pg` would send a JavaScript array as a Postgres array. A string is taken for JSON text. */
type Json = ColumnType<Record<string, unknown>, Record<string, unknown> | string, Record<string, unknown> | string>;

export interface Alarms {
  name: string;
  level: 'notice' | 'alarm';
  code: string;
  message: string;
  raised_at: Timestamp;
  checked_at: Timestamp;
  cleared_at: Timestamp | null;
}

export interface BranchCommits {
  repository_id: number;
  oid: string;
  message_headline: string | null;
  message_body: string | null;
  author_name: string | null;
  author_id: number | null;
  authored_at: Timestamp | null;
  committer_name: string | null;
  committed_at: Timestamp | null;
  captured_at: Timestamp;
}

export interface BudgetGrants {
  id: GeneratedAlways<number>;
  installation_id: number;
  holder: string;
  kind: 'bulk' | 'live';
  graphql_ms: number;
  rest_ms: number;
  granted_at: Timestamp;
  usable_until: Timestamp;
  used_graphql_ms: number | null;
  used_rest_ms: number | null;
  is_released: Generated<boolean>;
}

export interface CaptureCheckpoints {
  key: string;
  repository_id: number | null;
  sequence: Generated<number>;
  checkpoint: Json;
  finished_at: Timestamp | null;
  updated_at: Generated<Timestamp>;
}

export interface CaptureGaps {
  repository_id: ColumnType<number | null, never, never>;
  pull_request_id: ColumnType<number | null, never, never>;
  number: ColumnType<number | null, never, never>;
  connection: ColumnType<string | null, never, never>;
  expected: ColumnType<number | null, never, never>;
  stored: ColumnType<number | null, never, never>;
}

export interface Commands {
  comment_id: number;
  command_index: number;
  repository_id: number;
  actor_id: number;
  verb: string;
  body_sha256: string;
  outcome: Generated<string>;
  reason_code: string | null;
  created_at: Generated<Timestamp>;
  issue_number: number | null;
  delivery_id: string | null;
  answer: Json | null;
  answered_at: Timestamp | null;
}

export interface Comments {
  comment_type: 'issue' | 'review';
  id: number;
  node_id: string | null;
  pull_request_id: number | null;
  issue_id: number | null;
  review_thread_id: string | null;
  review_id: number | null;
  in_reply_to_id: number | null;
  author_id: number | null;
  author_association: string | null;
  body: string | null;
  is_minimized: boolean | null;
  created_at: Timestamp;
  updated_at: Timestamp | null;
  deleted_at: Timestamp | null;
  captured_at: Timestamp;
}

export interface Commits {
  pull_request_id: number;
  oid: string;
  message_headline: string | null;
  message_body: string | null;
  author_name: string | null;
  author_id: number | null;
  authored_at: Timestamp | null;
  committer_name: string | null;
  committed_at: Timestamp | null;
  captured_at: Timestamp;
}

export interface Contributors {
  id: number;
  node_id: string | null;
  login: string;
  type: 'User' | 'Bot' | 'Organization' | 'Mannequin' | 'EnterpriseUserAccount';
  name: string | null;
  avatar_url: string | null;
  first_seen_at: Generated<Timestamp>;
  captured_at: Timestamp;
}

export interface Deliveries {
  id: string;
  event: string;
  action: string | null;
  installation_id: number | null;
  repository_id: number | null;
  outcome: string;
  job_ids: Generated<string[]>;
  received_at: Generated<Timestamp>;
}

export interface FailedDeliveries {
  guid: string;
  delivery_id: number;
  event: string;
  status: string;
  status_code: number;
  first_delivered_at: Timestamp;
  last_tried_at: Timestamp;
  requests: Generated<number>;
}

export interface Files {
  pull_request_id: number;
  path: string;
  additions: number;
  deletions: number;
  change_type: string | null;
  captured_at: Timestamp;
}

export interface HybridCaptureMigrations {
  name: string;
  applied_at: Generated<Timestamp>;
}

export interface InstallationBudgets {
  installation_id: number;
  points_left: number | null;
  points_told_at: Timestamp | null;
  points_reset_at: Timestamp | null;
  rest_left: number | null;
  rest_told_at: Timestamp | null;
  rest_reset_at: Timestamp | null;
  live_graphql_ms: Generated<number>;
  live_rest_ms: Generated<number>;
  live_seen_at: Timestamp | null;
  silent_until: Timestamp | null;
}

export interface Installations {
  id: number;
  account_id: number;
  account_login: string;
  account_type: string;
  suspended_at: Timestamp | null;
  deleted_at: Timestamp | null;
  created_at: Generated<Timestamp>;
  updated_at: Generated<Timestamp>;
}

export interface IssueAssignees {
  issue_id: number;
  contributor_id: number;
  captured_at: Timestamp;
}

export interface IssueLabels {
  issue_id: number;
  name: string;
  captured_at: Timestamp;
}

export interface Issues {
  id: number;
  node_id: string | null;
  repository_id: number;
  number: number;
  title: string | null;
  body: string | null;
  state: 'OPEN' | 'CLOSED';
  state_reason: string | null;
  is_locked: boolean | null;
  author_id: number | null;
  author_association: string | null;
  created_at: Timestamp;
  updated_at: Timestamp;
  closed_at: Timestamp | null;
  milestone: string | null;
  comments_count: number | null;
  labels_count: number | null;
  assignees_count: number | null;
  deleted_at: Timestamp | null;
  nested_captured_at: Timestamp | null;
  captured_at: Timestamp;
}

export interface JobRuns {
  job_id: string;
  run: number;
  attempt: number;
  processor_type: 'inngest' | 'github_actions';
  worker: 'inngest' | 'workflow' | 'in_process' | null;
  state: Generated<'reserved' | 'sent' | 'running' | 'ended'>;
  workflow_run_id: number | null;
  workflow_run_attempt: number | null;
  inngest_run_id: string | null;
  session_token_hash: string | null;
  conclusion: string | null;
  error: string | null;
  points: number | null;
  requests: number | null;
  rows_stored: number | null;
  created_at: Generated<Timestamp>;
  started_at: Timestamp | null;
  asked_next_at: Timestamp | null;
  ended_at: Timestamp | null;
  billing: 'billed' | 'free_public' | 'free_self_hosted' | null;
  pauses: Generated<number>;
  paused_at: Timestamp | null;
  paused_seconds: Generated<number>;
}

export interface Labels {
  id: string;
  repository_id: number;
  name: string;
  color: string | null;
  description: string | null;
  is_default: boolean | null;
  deleted_at: Timestamp | null;
  captured_at: Timestamp;
}

export interface Leases {
  name: string;
  holder: string;
  fence: Generated<number>;
  expires_at: Timestamp;
  passed_at: Timestamp | null;
}

export interface OidcTokens {
  jti: string;
  workflow_run_id: number;
  run_attempt: number;
  job_id: string | null;
  expires_at: Timestamp;
  used_at: Generated<Timestamp>;
}

export interface ProgressiveCaptureJobs {
  id: Generated<string>;
  repository_id: number;
  installation_id: number;
  job_type: 'pull_requests' | 'issues' | 'history' | 'branch_commits' | 'labels' | 'classify' | 'verify';
  target: string;
  items: Generated<number[]>;
  range_since: Timestamp | null;
  range_until: Timestamp | null;
  include: string[];
  reason: 'webhook' | 'manual' | 'scheduled' | 'installation' | 'continuation';
  actor_id: number | null;
  actor_login: string | null;
  delivery_id: string | null;
  is_critical: Generated<boolean>;
  priority: Generated<number>;
  processor_type: 'inngest' | 'github_actions';
  rule: string;
  enrolment_reason: string;
  is_exposed: Generated<boolean>;
  is_bulk: Generated<boolean>;
  arm: 'enrolled' | 'control';
  rollout_epoch: number;
  rollout_phase: number;
  rollout_version: number;
  status: Generated<'queued' | 'dispatched' | 'running' | 'completed' | 'failed' | 'cancelled' | 'timed_out' | 'lost' | 'skipped' | 'blocked'>;
  status_reason: string | null;
  error: string | null;
  attempt: Generated<number>;
  max_attempts: Generated<number>;
  run: Generated<number>;
  not_before: Generated<Timestamp>;
  dispatched_at: Timestamp | null;
  lease_holder: string | null;
  lease_expires_at: Timestamp | null;
  heartbeat_at: Timestamp | null;
  workflow_run_id: number | null;
  progress: Json | null;
  result: Json | null;
  created_at: Generated<Timestamp>;
  started_at: Timestamp | null;
  completed_at: Timestamp | null;
  updated_at: Generated<Timestamp>;
}

export interface PullRequestAssignees {
  pull_request_id: number;
  contributor_id: number;
  captured_at: Timestamp;
}

export interface PullRequestLabels {
  pull_request_id: number;
  name: string;
  captured_at: Timestamp;
}

export interface PullRequests {
  id: number;
  node_id: string | null;
  repository_id: number;
  number: number;
  title: string | null;
  body: string | null;
  state: 'OPEN' | 'CLOSED' | 'MERGED';
  is_draft: boolean | null;
  is_locked: boolean | null;
  author_id: number | null;
  author_association: string | null;
  created_at: Timestamp;
  updated_at: Timestamp;
  closed_at: Timestamp | null;
  merged_at: Timestamp | null;
  merged_by_id: number | null;
  merge_commit_oid: string | null;
  base_ref: string | null;
  base_oid: string | null;
  head_ref: string | null;
  head_oid: string | null;
  head_repository: string | null;
  milestone: string | null;
  review_decision: string | null;
  additions: number | null;
  deletions: number | null;
  changed_files: number | null;
  comments_count: number | null;
  reviews_count: number | null;
  review_threads_count: number | null;
  commits_count: number | null;
  files_count: number | null;
  labels_count: number | null;
  assignees_count: number | null;
  deleted_at: Timestamp | null;
  nested_captured_at: Timestamp | null;
  captured_at: Timestamp;
  review_comments_count: number | null;
  threads_captured_at: Timestamp | null;
}

export interface Purges {
  id: GeneratedAlways<number>;
  kind: 'repository' | 'person';
  subject_id: number;
  actor: string;
  reason: string | null;
  rows: Json;
  created_at: Generated<Timestamp>;
}

export interface Repositories {
  id: number;
  node_id: string | null;
  full_name: string;
  installation_id: number | null;
  is_private: Generated<boolean>;
  is_archived: Generated<boolean>;
  is_fork: Generated<boolean>;
  is_empty: Generated<boolean>;
  default_branch: string | null;
  stars_count: number | null;
  contributors_count: number | null;
  pull_requests_count: number | null;
  issues_count: number | null;
  counted_at: Timestamp | null;
  settings: Json | null;
  settings_problem: string | null;
  created_at: Timestamp | null;
  removed_at: Timestamp | null;
  captured_at: Generated<Timestamp>;
  threads_captured_at: Timestamp | null;
}

export interface RepositoryCategories {
  repository_id: number;
  category: 'test' | 'small' | 'medium' | 'large' | 'enterprise';
  stars_count: number;
  contributors_count: number;
  pull_requests_count: number;
  epoch: number;
  classified_at: Generated<Timestamp>;
}

export interface ReviewThreads {
  id: string;
  pull_request_id: number;
  path: string;
  line: number | null;
  original_line: number | null;
  start_line: number | null;
  original_start_line: number | null;
  diff_side: string | null;
  subject_type: string | null;
  is_resolved: boolean;
  is_outdated: boolean | null;
  resolved_by_id: number | null;
  comments_count: number | null;
  deleted_at: Timestamp | null;
  captured_at: Timestamp;
}

export interface Reviews {
  id: number;
  node_id: string | null;
  pull_request_id: number;
  author_id: number | null;
  author_association: string | null;
  state: 'PENDING' | 'COMMENTED' | 'APPROVED' | 'CHANGES_REQUESTED' | 'DISMISSED';
  body: string | null;
  commit_oid: string | null;
  submitted_at: Timestamp | null;
  created_at: Timestamp | null;
  updated_at: Timestamp | null;
  deleted_at: Timestamp | null;
  captured_at: Timestamp;
}

export interface RolloutConfiguration {
  id: Generated<string>;
  feature_name: string;
  salt: Generated<string>;
  rollout_percentage: Generated<number>;
  rollout_strategy: Generated<'percentage' | 'whitelist' | 'repository_size'>;
  is_active: Generated<boolean>;
  emergency_stop: Generated<boolean>;
  auto_rollback_enabled: Generated<boolean>;
  max_error_rate: Generated<number>;
  monitoring_window_hours: Generated<number>;
  target_repositories: Generated<number[]>;
  excluded_repositories: Generated<number[]>;
  version: Generated<number>;
  epoch: Generated<number>;
  phase: Generated<number>;
  state: Generated<'draft' | 'running' | 'held' | 'completed' | 'rolled_back' | 'stopped'>;
  auto_advance: Generated<boolean>;
  cooldown_until: Timestamp | null;
  phase_started_at: Generated<Timestamp>;
  created_at: Generated<Timestamp>;
  updated_at: Generated<Timestamp>;
  guard_mode: Generated<'threshold' | 'sequential' | 'both'>;
  min_jobs: Generated<number>;
  sequential_alpha: Generated<number>;
  phases: Generated<number[]>;
  soak_hours: Generated<number>;
  soak_hours_before_half: Generated<number>;
  min_success_rate: Generated<number>;
  min_matured_share: Generated<number>;
  cooldown_hours: Generated<number>;
  rollbacks: Generated<number>;
  rearm_on_resume: Generated<boolean>;
  epoch_started_at: Generated<Timestamp>;
  evidence_since: Timestamp | null;
  hold: Json | null;
  stopped_from: string | null;
  cancel_runs: Generated<boolean>;
  freeze_windows: Generated<Json>;
}

export interface RolloutGuard {
  feature_name: string;
  checked_at: Timestamp;
  health: 'healthy' | 'degraded' | 'failing' | 'unknown';
  decision: string;
  reason_code: string;
  report: Json;
}

export interface RolloutHistory {
  seq: GeneratedAlways<number>;
  feature_name: string;
  action: string;
  version_before: number | null;
  version_after: number;
  previous_percentage: number | null;
  new_percentage: number;
  reason: string | null;
  triggered_by: string;
  actor: Json;
  source: Json;
  epoch: number;
  metadata: Json;
  created_at: Generated<Timestamp>;
  reason_code: string | null;
}

export interface RolloutMetrics {
  id: GeneratedAlways<number>;
  job_id: string;
  repository_id: number;
  processor_type: 'inngest' | 'github_actions';
  outcome: 'success' | 'failure' | 'timed_out' | 'lost' | 'cancelled' | 'skipped' | 'blocked';
  exposed: boolean;
  arm: 'enrolled' | 'control';
  epoch: number;
  phase: number;
  success_count: 0 | 1;
  error_count: 0 | 1;
  average_processing_time: number;
  created_at: Generated<Timestamp>;
}

export interface RolloutNotices {
  id: GeneratedAlways<number>;
  feature_name: string;
  kind: 'rollback' | 'hold' | 'advance' | 'complete' | 'rollback_unverified' | 'alarm' | 'alarm_over';
  version: number | null;
  content: Json;
  verified: Json | null;
  created_at: Generated<Timestamp>;
  attempts: Generated<number>;
  error: string | null;
  sent_at: Timestamp | null;
  url: string | null;
  alarm: string | null;
  alarm_code: string | null;
}

export interface RolloutStatusIssues {
  feature_name: string;
  repository_id: number;
  issue_number: number;
  created_at: Generated<Timestamp>;
}

export interface DB {
  alarms: Alarms;
  branch_commits: BranchCommits;
  budget_grants: BudgetGrants;
  capture_checkpoints: CaptureCheckpoints;
  capture_gaps: CaptureGaps;
  commands: Commands;
  comments: Comments;
  commits: Commits;
  contributors: Contributors;
  deliveries: Deliveries;
  failed_deliveries: FailedDeliveries;
  files: Files;
  hybrid_capture_migrations: HybridCaptureMigrations;
  installation_budgets: InstallationBudgets;
  installations: Installations;
  issue_assignees: IssueAssignees;
  issue_labels: IssueLabels;
  issues: Issues;
  job_runs: JobRuns;
  labels: Labels;
  leases: Leases;
  oidc_tokens: OidcTokens;
  progressive_capture_jobs: ProgressiveCaptureJobs;
  pull_request_assignees: PullRequestAssignees;
  pull_request_labels: PullRequestLabels;
  pull_requests: PullRequests;
  purges: Purges;
  repositories: Repositories;
  repository_categories: RepositoryCategories;
  review_threads: ReviewThreads;
  reviews: Reviews;
  rollout_configuration: RolloutConfiguration;
  rollout_guard: RolloutGuard;
  rollout_history: RolloutHistory;
  rollout_metrics: RolloutMetrics;
  rollout_notices: RolloutNotices;
  rollout_status_issues: RolloutStatusIssues;
}
