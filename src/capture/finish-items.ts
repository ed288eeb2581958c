import type { ItemKind } from './item-kinds.ts';
import type { Session } from './session.ts';

/** Closes the items of which every connection was read to its end: a snapshot tells the store that nothing is missing. */
export function finishItems(session: Session, kind: ItemKind): void {
  const { state, writer } = session;
  const { walk } = state;
  const waiting = new Set(walk.needs.map((need) => need.item));
  const finished = walk.open.filter((item) => !waiting.has(item.id));
  for (const item of finished) {
    if (item.base !== null) writer.add([{ table: `${kind.name}s`, row: item.base }]);
    if (item.isBroken) continue;
    const row = { [`${kind.name}_id`]: item.id, started_at: item.startedAt, captured_at: item.startedAt };
    writer.add([{ table: 'snapshots', row }]);
  }
  walk.open = walk.open.filter((item) => waiting.has(item.id));
  state.done += finished.length;
  if (kind.name === 'pull_request') session.pullRequests += finished.length;
}
