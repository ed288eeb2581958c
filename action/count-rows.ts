import type { CaptureDestination } from '../src/destination/destination.ts';

/** The same destination, counting by table the rows that it took. */
export function countRows(destination: CaptureDestination): {
  destination: CaptureDestination;
  rowsByTable: ReadonlyMap<string, number>;
} {
  const rowsByTable = new Map<string, number>();
  return {
    rowsByTable,
    destination: {
      ...destination,
      async write(batch) {
        const answer = await destination.write(batch);
        for (const { table } of batch.rows) {
          if (table !== 'snapshots') rowsByTable.set(table, (rowsByTable.get(table) ?? 0) + 1);
        }
        return answer;
      },
    },
  };
}
