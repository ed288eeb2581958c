import { CAPTURE_TABLES, type ColumnType } from './capture-tables.ts';
import type { TableName } from './validate-rows.ts';

const SQL_TYPES: Record<ColumnType, string> = {
  id: 'bigint',
  number: 'integer',
  count: 'integer',
  integer: 'integer',
  boolean: 'boolean',
  text: 'text',
  timestamp: 'timestamptz',
};

/**
 * The statement that stores rows with these columns, so that whatever the order of arrival, the end is the same: a newer
 * row replaces, an older one only fills in what is not known, a deletion counts until the row is seen later.
 * `$1` is a JSON array of rows, `$2` the repository; a stored row of another repository is left as it is.
 */
export function upsertSql(table: TableName, columns: readonly string[]): string {
  const { key } = CAPTURE_TABLES[table];
  const guard = isOwnSql(table);
  return `INSERT INTO ${table} AS stored (${columns.join(', ')})
SELECT ${columns.join(', ')} FROM ${recordsSql(table, columns)}
ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${changesSql(table, columns)}${guard === null ? '' : `\nWHERE ${guard}`}`;
}

/** The statement that marks stored rows as deleted; rows that are not stored are ignored. `$1` and `$2` as above. */
export function tombstoneSql(table: TableName, columns: readonly string[]): string {
  const { key } = CAPTURE_TABLES[table];
  const match = key.map((name) => `stored.${name} = excluded.${name}`).join(' AND ');
  const changed = columns.filter((name) => name === 'deleted_at' || name === 'captured_at');
  return `UPDATE ${table} AS stored SET ${changesSql(table, changed)}
FROM ${recordsSql(table, columns, 'excluded')}
WHERE ${match} AND (${isOwnSql(table) ?? 'true'})`;
}

/** Finds one stored row that the rows of `$1` name and that belongs to another repository than `$2`. */
export function foreignRowSql(table: TableName): string {
  const { key } = CAPTURE_TABLES[table];
  const match = key.map((name) => `stored.${name} = incoming.${name}`).join(' AND ');
  return `SELECT stored.* FROM ${recordsSql(table, key, 'incoming')} JOIN ${table} AS stored ON ${match}
WHERE NOT (${isOwnSql(table) ?? 'true'}) LIMIT 1`;
}

function recordsSql(table: TableName, columns: readonly string[], alias = 'incoming'): string {
  const { columns: specifications } = CAPTURE_TABLES[table];
  const types = columns.map((name) => {
    const type = specifications[name]?.type;
    if (type === undefined) throw new Error(`${table} has no column ${name}`);
    return `${name} ${SQL_TYPES[type]}`;
  });
  return `jsonb_to_recordset($1::text::jsonb) AS ${alias} (${types.join(', ')})`;
}

/** Whether the stored row belongs to the repository `$2`; null where its key says so, or nothing does. */
function isOwnSql(table: TableName): string | null {
  const { owner, key, columns } = CAPTURE_TABLES[table];
  switch (owner) {
    case 'global':
    case 'self':
      return null;
    case 'repository_id':
      return key.includes('repository_id') ? null : 'stored.repository_id = $2';
    case 'parent': {
      if (key.includes('pull_request_id') || key.includes('issue_id')) return null;
      const parents = [
        ['pull_request_id', 'pull_requests'],
        ['issue_id', 'issues'],
      ].filter(([column = '']) => column in columns);
      return parents
        .map(([column, parent]) => {
          return `EXISTS (SELECT FROM ${parent} p WHERE p.id = stored.${column} AND p.repository_id = $2)`;
        })
        .join(' OR ');
    }
  }
}

/**
 * What becomes of a stored row that these columns come for. What all of them depend on is told once, in `seen` (OFFSET
 * keeps it from being written out for each): a statement of 40 columns takes longer to read and to plan than its rows do.
 */
function changesSql(table: TableName, incoming: readonly string[]): string {
  const { key, columns } = CAPTURE_TABLES[table];
  // A tombstone loses its body, also when the incoming row has none.
  const names = 'body' in columns && !incoming.includes('body') ? [...incoming, 'body'] : incoming;
  const changed = names.filter((name) => !key.includes(name));
  const seen = [`${isNewerSql(table, incoming)} AS is_newer`];
  if (incoming.includes('deleted_at')) seen.push(`${DELETED_AT} AS deleted_at`);
  return `(${changed.join(', ')}) = (SELECT
  ${changed.map((name) => valueSql(table, name, incoming)).join(',\n  ')}
  FROM (SELECT ${seen.join(', ')} OFFSET 0) AS seen)`;
}

function valueSql(table: TableName, name: string, incoming: readonly string[]): string {
  if (name === 'captured_at') return 'greatest(stored.captured_at, excluded.captured_at)';
  if (name === 'deleted_at') return 'seen.deleted_at';
  const column = CAPTURE_TABLES[table].columns[name];
  const [stored, given] = [`stored.${name}`, `excluded.${name}`];
  let value =
    column?.onNull === 'keep'
      ? `CASE WHEN is_newer THEN coalesce(${given}, ${stored}) ELSE coalesce(${stored}, ${given}) END`
      : `CASE WHEN is_newer THEN ${given} ELSE ${stored} END`;
  if (!incoming.includes(name)) value = stored;
  if (name === 'body') value = `CASE WHEN seen.deleted_at IS NULL THEN ${value} END`;
  const condition = column?.onlyWhile;
  if (condition === undefined) return value;
  const holds = `CASE WHEN is_newer THEN excluded.${condition} ELSE stored.${condition} END`;
  return `CASE WHEN ${holds} THEN ${value} END`;
}

function isNewerSql(table: TableName, incoming: readonly string[]): string {
  const captured = 'excluded.captured_at >= stored.captured_at';
  const { version } = CAPTURE_TABLES[table];
  if (version === 'captured_at' || !incoming.includes(version)) return captured;
  return `CASE WHEN excluded.${version} IS NULL OR stored.${version} IS NULL THEN ${captured}
    ELSE (excluded.${version}, excluded.captured_at) >= (stored.${version}, stored.captured_at) END`;
}

/**
 * Whether a row is gone is what the later of two observations says, by \`captured_at\`; when both are of one time, what
 * says that it is gone. Of two deletions the first one's time stays. (\`least\` ignores NULL.)
 */
const DELETED_AT = `CASE
    WHEN excluded.captured_at > stored.captured_at AND excluded.deleted_at IS NULL THEN NULL
    WHEN excluded.captured_at < stored.captured_at AND stored.deleted_at IS NULL THEN NULL
    ELSE least(stored.deleted_at, excluded.deleted_at) END`;
