import type { CaptureInclude, JobType } from '../work-item/work-item.ts';
import type { CaptureState } from './checkpoint.ts';
import { ITEM_KINDS, type ItemKindName } from './item-kinds.ts';
import { readFeeds } from './read-feeds.ts';
import type { Session } from './session.ts';
import { verify } from './verify.ts';
import { walkCommits } from './walk-commits.ts';
import { listAll, listChanged, walkItems } from './walk-items.ts';
import { walkLabels } from './walk-labels.ts';
import { walkPullRequests } from './walk-pull-requests.ts';

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
  name:
    | 'labels'
    | 'commits'
    | 'verify'
    | 'changed comments'
    | 'pull requests'
    | 'pull requests that changed meanwhile'
    | 'issues';
  /** The items that it captures. */
  kind: ItemKindName | null;
  /** It captures again what this pass had captured before. */
  isAgain?: true;
  run: (session: Session) => Promise<void>;
}

/** What changed while so many pull requests were captured is little, and a later webhook or pass brings it. */
const FEW = 100;

/** The time from which on a capture looks for what changed; null: it captures all of the history. */
export function changedSince(
  target: CaptureTarget,
  state: Pick<CaptureState, 'changedSince'>,
): string | null {
  const [a, b] = [state.changedSince, target.since?.toISOString() ?? null];
  if (a === null || b === null) return a ?? b;
  return Date.parse(a) > Date.parse(b) ? a : b;
}

/** Review threads and their comments that the whole walk did not see are there no more. */
function closeReviewThreads({ state, writer, totals, repositoryId }: Session): void {
  const { startedAt, isPartial } = state;
  if (isPartial || startedAt === null || totals.pull_request === 0) return;
  const row = {
    repository_id: repositoryId,
    scope: 'threads',
    started_at: startedAt,
    captured_at: startedAt,
  };
  writer.add([{ table: 'snapshots', row }]);
}

/** The stages that carry a target out, in order. None: the repository's own row is all. */
export function planStages(target: CaptureTarget, state: Pick<CaptureState, 'changedSince'>): Stage[] {
  const since = changedSince(target, state);
  const until = target.until?.toISOString() ?? null;
  const pulls = ITEM_KINDS.pull_request;
  const named = (name: 'pull requests' | 'issues', kind: ItemKindName): Stage => ({
    name,
    kind,
    run: (session) => walkItems(session, ITEM_KINDS[kind], null),
  });
  const labels: Stage = { name: 'labels', kind: null, run: walkLabels };
  const commits: Stage = {
    name: 'commits',
    kind: null,
    run: (session) => walkCommits(session, { since, until }),
  };
  switch (target.type) {
    case 'pull_requests':
      return [named('pull requests', 'pull_request')];
    case 'issues':
      return [named('issues', 'issue')];
    case 'labels':
      return [labels];
    case 'branch_commits':
      return [commits];
    case 'classify':
      return [];
    case 'verify':
      return [{ name: 'verify', kind: null, run: verify }];
    case 'history':
      break;
  }
  const { include } = target;
  const allPulls: Stage[] = [
    { name: 'pull requests', kind: 'pull_request', run: walkPullRequests },
    {
      name: 'pull requests that changed meanwhile',
      kind: 'pull_request',
      isAgain: true,
      run: async (session) => {
        const { startedAt, done } = session.state;
        const list = startedAt !== null && done > FEW ? listChanged(startedAt) : null;
        await walkItems(session, pulls, list);
        closeReviewThreads(session);
      },
    },
  ];
  const changed = (name: 'pull requests' | 'issues', kind: ItemKindName, from: string): Stage => ({
    name,
    kind,
    run: (session) => walkItems(session, ITEM_KINDS[kind], listChanged(from)),
  });
  const allIssues: Stage = {
    name: 'issues',
    kind: 'issue',
    run: (session) => walkItems(session, ITEM_KINDS.issue, listAll),
  };
  const hasItems = include.includes('pull-requests') || include.includes('issues');
  return [
    ...(include.includes('labels') ? [labels] : []),
    ...(since !== null && hasItems
      ? [
          {
            name: 'changed comments',
            kind: null,
            run: (session) => readFeeds(session, since),
          } satisfies Stage,
        ]
      : []),
    ...(include.includes('pull-requests')
      ? since === null
        ? allPulls
        : [changed('pull requests', 'pull_request', since)]
      : []),
    ...(include.includes('issues') ? [since === null ? allIssues : changed('issues', 'issue', since)] : []),
    ...(include.includes('commits') ? [commits] : []),
  ];
}
