import type { CaptureInclude, JobType } from '../work-item/work-item.ts';
import type { CaptureState } from './checkpoint.ts';
import { ITEM_KINDS, type ItemKindName } from './item-kinds.ts';
import type { Session } from './session.ts';
import { verify } from './verify.ts';
import { walkCommits } from './walk-commits.ts';
import { listAll, listChanged, walkItems } from './walk-items.ts';
import { walkLabels } from './walk-labels.ts';

export interface CaptureTarget {
  repository: { owner: string; name: string; id?: number };
  type: JobType;
  /** Numbers of pull requests or issues; empty for repository-wide work. */
  items: readonly number[];
  /** When what is captured changed; null: from the beginning, up to now. */
  since: Date | null;
  until: Date | null;
  include: readonly CaptureInclude[];
}

/** One walk of a capture. Each starts where `state.walk` stands, and moves it. */
export interface Stage {
  name: 'labels' | 'commits' | 'verify' | ItemKindName;
  run: (session: Session) => Promise<void>;
}

/** The stages that carry a target out, in order. None: the repository's own row is all. */
export function planStages(target: CaptureTarget, state: Pick<CaptureState, 'changedSince'>): Stage[] {
  const since = later(state.changedSince, target.since?.toISOString() ?? null);
  const until = target.until?.toISOString() ?? null;
  const items = (name: ItemKindName): Stage => ({
    name,
    run: (session) => {
      const list = target.items.length > 0 ? null : since === null ? listAll : listChanged(since);
      return walkItems(session, ITEM_KINDS[name], list);
    },
  });
  const labels: Stage = { name: 'labels', run: walkLabels };
  const commits: Stage = { name: 'commits', run: (session) => walkCommits(session, { since, until }) };
  switch (target.type) {
    case 'pull_requests':
      return [items('pull_request')];
    case 'issues':
      return [items('issue')];
    case 'labels':
      return [labels];
    case 'branch_commits':
      return [commits];
    case 'classify':
      return [];
    case 'verify':
      return [{ name: 'verify', run: verify }];
    case 'history': {
      const { include } = target;
      return [
        ...(include.includes('labels') ? [labels] : []),
        ...(include.includes('pull-requests') ? [items('pull_request')] : []),
        ...(include.includes('issues') ? [items('issue')] : []),
        ...(include.includes('commits') ? [commits] : []),
      ];
    }
  }
}

function later(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return Date.parse(a) > Date.parse(b) ? a : b;
}
