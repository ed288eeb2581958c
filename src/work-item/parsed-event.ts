import type { EventName, InstalledRepository, PayloadRepository } from './payloads.ts';
import type { Actor, WorkItem } from './work-item.ts';

/** A capture row that marks something known, or what hangs on it, as deleted. */
export interface Tombstone {
  table: 'comments' | 'issues' | 'labels' | 'snapshots';
  row: Record<string, unknown>;
}

/** A comment that was just written; whether it holds commands is for the parser of commands to say. */
export interface NewComment {
  id: number;
  body: string;
  author: { id: number; type: string } | null;
  sender: (Actor & { type: string }) | null;
  isOnPullRequest: boolean;
  issueNumber: number;
  viaApp: boolean;
  createdAt: Date;
}

export type RepositoryChange = 'updated' | 'renamed' | 'transferred' | 'deleted';
export type InstallationChange = 'installed' | 'uninstalled' | 'suspended' | 'unsuspended' | 'repositories';

/** Who an event is about: decides whether it is served, and is the only part that log lines show. */
export interface EventOrigin {
  event: EventName;
  action: string | null;
  installationId: number | null;
  account: { id: number; login: string; type: string };
  repository: PayloadRepository | null;
}

export type ParsedEvent =
  | { kind: 'unknown_event'; name: string }
  | { kind: 'invalid'; event: EventName; problem: string }
  | { kind: 'ignored'; origin: EventOrigin; reason: IgnoredReason }
  | {
      kind: 'work';
      origin: EventOrigin & { repository: PayloadRepository; installationId: number };
      items: WorkItem[];
      tombstones: Tombstone[];
      comment: NewComment | null;
      touchesSettings: boolean;
    }
  | {
      kind: 'repository_change';
      origin: EventOrigin & { repository: PayloadRepository };
      change: RepositoryChange;
    }
  | {
      kind: 'installation_change';
      origin: EventOrigin & { installationId: number };
      change: InstallationChange;
      added: InstalledRepository[];
      removedIds: number[];
      actor: Actor | null;
    }
  | {
      kind: 'workflow_run';
      origin: EventOrigin & { repository: PayloadRepository };
      run: { id: number; attempt: number; title: string; event: string; conclusion: string | null };
    };

export type IgnoredReason = 'nothing_to_do' | 'not_sent_by_the_app' | 'other_branch' | 'branch_deleted';
