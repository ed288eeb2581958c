import { z } from 'zod';
import { CAPTURE_INCLUDES } from '../work-item/work-item.ts';

/** Version of the protocol between the Action and the app. The app serves this one and the one before. */
export const PROTOCOL_VERSION = 1;

/** Limits of one batch, checked while it streams in. */
export const BATCH_LIMITS = {
  /** Bytes as sent (gzip). */
  compressedBytes: 4 * 1024 * 1024,
  /** Bytes after decompression. */
  inflatedBytes: 32 * 1024 * 1024,
  /** Bytes of one NDJSON line. */
  lineBytes: 1024 * 1024,
  /** Lines that carry a row. */
  rows: 50_000,
} as const;

const Id = z.number().int().positive();
const Timestamp = z.iso.datetime({ offset: true });
const Milliseconds = z.number().int().nonnegative();

/** Where a capture stands. Opaque to everybody but the capture engine. */
export const Checkpoint = z.record(z.string(), z.unknown());
export type Checkpoint = z.infer<typeof Checkpoint>;

export const Progress = z.object({
  done: z.number().int().nonnegative(),
  /** GitHub's own count; null while it is not known. */
  total: z.number().int().nonnegative().nullable(),
  points: z.number().int().nonnegative(),
  requests: z.number().int().nonnegative(),
  rows: z.number().int().nonnegative(),
  /** GraphQL points, and REST requests, left in GitHub's current windows; null while not known. */
  pointsLeft: z.number().int().nullable(),
  restLeft: z.number().int().nullable().default(null),
  /** When these windows end; absent or null while not known. */
  pointsResetAt: Timestamp.nullish(),
  restResetAt: Timestamp.nullish(),
  /** Response time of all the run's requests so far; absent where it is not counted. */
  graphqlMs: Milliseconds.optional(),
  restMs: Milliseconds.optional(),
});
export type Progress = z.infer<typeof Progress>;

export const JobSpecification = z.object({
  jobId: z.uuid(),
  type: z.enum(['pull_requests', 'issues', 'history', 'branch_commits', 'labels', 'classify', 'verify']),
  repository: z.object({ id: Id, fullName: z.string() }),
  items: z.array(z.number().int().positive()),
  since: Timestamp.nullable(),
  until: Timestamp.nullable(),
  include: z.array(z.enum(CAPTURE_INCLUDES)),
});
export type JobSpecification = z.infer<typeof JobSpecification>;

/**
 * For so many milliseconds a run may use a share, counted from the answer that brought it; then it asks for another one (a
 * heartbeat) before it sends the next request. The app counts on it when it gives the rest to others.
 */
export const BUDGET_SHARE_HOLDS_MS = 30_000;

/** The share of the installation's API budget that a run may use; renewed by every batch's and heartbeat's answer. */
export const BudgetShare = z.object({
  /** GraphQL points that the run may still use before it asks again. */
  points: z.number().int().nonnegative(),
  /** Points that are left alone for live work. */
  reserve: z.number().int().nonnegative(),
  /** REST requests that the run may still send before it asks again, and those left alone for live work. */
  restRequests: z.number().int().nonnegative().default(4_500),
  restReserve: z.number().int().nonnegative().default(500),
  /** Milliseconds of response time that the run's requests may sum up to in any 60 s. 0: none for now; ask again. */
  graphqlMsPerMinute: z.number().int().nonnegative().default(54_000),
  restMsPerMinute: z.number().int().nonnegative().default(27_000),
  /** Where the hour leaves no points, or no REST requests: when it ends. Absent otherwise, and from an older app. */
  pointsResetAt: Timestamp.optional(),
  restResetAt: Timestamp.optional(),
});
export type BudgetShare = z.infer<typeof BudgetShare>;

/** `POST /api/jobs/{id}/claim`, with `Authorization: Bearer <OIDC token>`. */
export const ClaimRequest = z.object({
  protocol: z.number().int().positive(),
  actionVersion: z.string().max(64),
});
export type ClaimRequest = z.infer<typeof ClaimRequest>;
export const ClaimResponse = z.object({
  protocol: z.number().int(),
  job: JobSpecification,
  run: z.number().int().positive(),
  /** For every later call of this run, as `Authorization: Bearer`. */
  sessionToken: z.string(),
  installationToken: z.string(),
  installationTokenExpiresAt: Timestamp,
  checkpoint: Checkpoint.nullable(),
  /** Number of the last batch that is stored; the next one is this plus 1. */
  sequence: z.number().int().nonnegative(),
  budget: BudgetShare,
});
export type ClaimResponse = z.infer<typeof ClaimResponse>;

/** `POST /api/jobs` and `POST /api/jobs/next`, both with an OIDC token. */
export const JobOffer = z.union([
  z.object({ job: z.object({ id: z.uuid() }) }),
  z.object({ job: z.null(), reason: z.string(), message: z.string() }),
]);
export type JobOffer = z.infer<typeof JobOffer>;
export const SelfServiceRequest = ClaimRequest.extend({
  mode: z.enum(['capture', 'verify']),
  since: Timestamp.nullable(),
  until: Timestamp.nullable(),
  items: z.array(z.number().int().positive()),
  include: z.array(z.enum(CAPTURE_INCLUDES)),
});
export type SelfServiceRequest = z.infer<typeof SelfServiceRequest>;
export const NextRequest = ClaimRequest.extend({ finishedJobId: z.uuid() });

/** `…/token` */
export const TokenResponse = z.object({
  installationToken: z.string(),
  installationTokenExpiresAt: Timestamp,
});

/**
 * `…/batches`: `Content-Type: application/x-ndjson`, `Content-Encoding: gzip`.
 * The first line is a header; every other line is a row, column names as keys.
 */
export const BatchHeader = z.object({
  sequence: z.number().int().positive(),
  checkpoint: Checkpoint,
  progress: Progress,
});
export type BatchHeader = z.infer<typeof BatchHeader>;
export const BatchLine = z.object({ table: z.string(), row: z.record(z.string(), z.unknown()) });
export const BatchResponse = z.object({
  /** False: this number was stored before, nothing changed. */
  stored: z.boolean(),
  sequence: z.number().int(),
  next: z.enum(['continue', 'stop']),
  budget: BudgetShare,
});
export type BatchResponse = z.infer<typeof BatchResponse>;

/** `…/heartbeat`, every 60 s. */
export const HeartbeatRequest = z.object({ progress: Progress.nullable() });
export const HeartbeatResponse = z.object({
  next: z.enum(['continue', 'stop']),
  /** Absent from an app that renews it with batches only. */
  budget: BudgetShare.optional(),
});

/** `…/gaps`: GitHub's totals per pull request; answers the numbers to fetch again. */
export const ExpectedCounts = z.object({
  number: z.number().int().positive(),
  comments: z.number().int().nonnegative(),
  reviews: z.number().int().nonnegative(),
  review_threads: z.number().int().nonnegative(),
  commits: z.number().int().nonnegative(),
  files: z.number().int().nonnegative(),
  labels: z.number().int().nonnegative(),
  assignees: z.number().int().nonnegative(),
  /** All comments less those of the conversation; null: the total that is stored with the pull request counts. */
  review_comments: z.number().int().nonnegative().nullish(),
});
export type ExpectedCounts = z.infer<typeof ExpectedCounts>;
export const GapsRequest = z.object({ counts: z.array(ExpectedCounts).max(1_000) });
export const GapsResponse = z.object({
  /** Pull requests that lack rows, or have too many. */
  numbers: z.array(z.number().int().positive()),
  gaps: z.array(
    z.object({
      number: z.number().int().positive(),
      connection: z.string(),
      expected: z.number().int(),
      stored: z.number().int(),
    }),
  ),
});
export type GapsResponse = z.infer<typeof GapsResponse>;

/** `…/finish` */
export const FinishRequest = z.object({
  outcome: z.enum(['success', 'failure', 'timed_out', 'cancelled', 'skipped', 'blocked', 'continue']),
  /** With `continue`: not before this time (a wait for GitHub's budget), or at once when null. */
  continueAt: Timestamp.nullable(),
  complete: z.boolean(),
  pullRequests: z.number().int().nonnegative(),
  rows: z.number().int().nonnegative(),
  points: z.number().int().nonnegative(),
  requests: z.number().int().nonnegative(),
  seconds: z.number().nonnegative(),
  gaps: z.number().int().nonnegative(),
  /** Response time of all the run's requests: of its share, no more than this is kept from others for the next minute. */
  graphqlMs: Milliseconds.optional(),
  restMs: Milliseconds.optional(),
  error: z.string().max(2_000).nullable(),
});
export type FinishRequest = z.infer<typeof FinishRequest>;
export const FinishResponse = z.object({ status: z.string() });

/** Every refusal: a stable code, and what to do. */
export const Refusal = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
export type Refusal = z.infer<typeof Refusal>;
