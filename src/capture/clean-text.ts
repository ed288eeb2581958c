/**
 * A row whose texts Postgres can hold: NUL and lone surrogates become U+FFFD. `changed` names the columns that had some.
 */
export function cleanRow(row: Record<string, unknown>): { row: Record<string, unknown>; changed: string[] } {
  const changed: string[] = [];
  let clean = row;
  for (const [column, value] of Object.entries(row)) {
    if (typeof value !== 'string' || (value.isWellFormed() && !value.includes('\0'))) continue;
    if (clean === row) clean = { ...row };
    clean[column] = value.toWellFormed().replaceAll('\0', '\uFFFD');
    changed.push(column);
  }
  return { row: clean, changed };
}
