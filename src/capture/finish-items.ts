import type { CaptureState } from './checkpoint.ts';
import type { ItemKind } from './item-kinds.ts';
import { reviewTotals } from './read-item.ts';
import type { Session } from './session.ts';

/** Whether an item was made since the pass began: no walk of it can have counted it. */
function isOfPass({ startedAt }: CaptureState, base: Record<string, unknown>): boolean {
  return startedAt !== null && Date.parse(String(base.created_at)) >= Date.parse(startedAt);
}

/** Closes the items of which every connection was read to its end: a snapshot tells the store that nothing is missing. */
export function finishItems(session: Session, kind: ItemKind): void {
  const { state, writer } = session;
  const { walk } = state;
  const waiting = new Set(walk.needs.map((need) => need.item));
  const finished = walk.open.filter((item) => !waiting.has(item.id));
  for (const { id, startedAt, scope, isBroken, base, counts, totalComments } of finished) {
    if (Object.keys(counts).length > 0) {
      const row = { ...base, ...counts, ...reviewTotals(totalComments, counts) };
      writer.add([{ table: `${kind.name}s`, row }]);
    }
    if (isBroken) continue;
    const row = { [`${kind.name}_id`]: id, scope, started_at: startedAt, captured_at: startedAt };
    writer.add([{ table: 'snapshots', row }]);
  }
  walk.open = walk.open.filter((item) => waiting.has(item.id));
  const counted = finished.filter(({ base }) => !walk.isAgain || isOfPass(state, base)).length;
  state.done += counted;
  if (kind.name === 'pull_request') session.pullRequests += counted;
}
