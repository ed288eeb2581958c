import { CAPTURE_TABLES, type ColumnType } from './capture-tables.ts';
import type { Row, TableName } from './validate-rows.ts';

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
 * Its parameters are an array literal for each of the columns, then, where the text has it, the repository
 * (`parametersOf`); a stored row of another repository is left as it is.
 */
export function upsertSql(table: TableName, columns: readonly string[]): string {
  const { key } = CAPTURE_TABLES[table];
  const guard = isOwnSql(table, columns);
  return `INSERT INTO ${table} AS stored (${columns.join(', ')})
SELECT * FROM ${recordsSql(table, columns)}
ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${changesSql(table, columns)}${guard === null ? '' : `\nWHERE ${guard}`}`;
}

/** The statement that marks stored rows as deleted; rows that are not stored are ignored. Parameters as above. */
export function tombstoneSql(table: TableName, columns: readonly string[]): string {
  const { key } = CAPTURE_TABLES[table];
  const match = key.map((name) => `stored.${name} = excluded.${name}`).join(' AND ');
  const changed = columns.filter((name) => name === 'deleted_at' || name === 'captured_at');
  return `UPDATE ${table} AS stored SET ${changesSql(table, changed)}
FROM ${recordsSql(table, columns, 'excluded')}
WHERE ${match} AND (${isOwnSql(table, columns) ?? 'true'})`;
}

/**
 * Finds one stored row with one of these keys that belongs to another repository. Parameters as above, the columns being
 * those of the key; null where the key says it all.
 */
export function foreignRowSql(table: TableName): string | null {
  const { key } = CAPTURE_TABLES[table];
  const isOwn = isOwnSql(table, key);
  if (isOwn === null) return null;
  const match = key.map((name) => `stored.${name} = incoming.${name}`).join(' AND ');
  return `SELECT stored.* FROM ${recordsSql(table, key)} JOIN ${table} AS stored ON ${match}
WHERE NOT (${isOwn}) LIMIT 1`;
}

/** What a statement for these rows takes, in the order of its parameters. */
export function parametersOf(
  table: TableName,
  statement: string,
  columns: readonly string[],
  rows: readonly Row[],
  repositoryId: number,
): (string | number)[] {
  const arrays = columns.map((name) => arrayLiteral(rows, name, typeOf(table, name)));
  return statement.includes(repositoryParameter(columns)) ? [...arrays, repositoryId] : arrays;
}

function repositoryParameter(columns: readonly string[]): string {
  return `$${columns.length + 1}`;
}

/** A column as PostgreSQL writes an array (manual, 8.15.6). As text, since drivers differ in how they take arrays. */
function arrayLiteral(rows: readonly Row[], name: string, type: ColumnType): string {
  // Checked values of the other types have no character that means something in an array.
  const elementOf = type === 'text' ? quote : String;
  let elements = '';
  for (const row of rows) {
    const value = row[name] ?? null;
    elements += value === null ? ',NULL' : `,${elementOf(value)}`;
  }
  return `{${elements.slice(1)}}`;
}

const SPECIAL = /["\\]/;

function quote(value: unknown): string {
  const text = String(value);
  return SPECIAL.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
}

function typeOf(table: TableName, name: string): ColumnType {
  const type = CAPTURE_TABLES[table].columns[name]?.type ?? (isSeenIn(name) ? 'timestamp' : undefined);
  if (type === undefined) throw new Error(`${table} has no column ${name}`);
  return type;
}

function recordsSql(table: TableName, columns: readonly string[], alias = 'incoming'): string {
  const arrays = columns.map(
    (name, index) => `unnest($${index + 1}::${SQL_TYPES[typeOf(table, name)]}[]) AS ${name}`,
  );
  return `(SELECT ${arrays.join(', ')}) AS ${alias}`;
}

/** Whether the stored row belongs to the repository; null where its key says so, or nothing does. */
function isOwnSql(table: TableName, incoming: readonly string[]): string | null {
  const { owner, key, columns } = CAPTURE_TABLES[table];
  const repository = repositoryParameter(incoming);
  switch (owner) {
    case 'global':
    case 'self':
      return null;
    case 'repository_id':
      return key.includes('repository_id') ? null : `stored.repository_id = ${repository}`;
    case 'parent': {
      if (key.includes('pull_request_id') || key.includes('issue_id')) return null;
      const parents = [
        ['pull_request_id', 'pull_requests'],
        ['issue_id', 'issues'],
      ].filter(([column = '']) => column in columns);
      return parents
        .map(([column, parent]) => {
          return `EXISTS (SELECT FROM ${parent} p WHERE p.id = stored.${column} AND p.repository_id = ${repository})`;
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
  if (name === 'captured_at' || isSeenIn(name)) return `greatest(stored.${name}, excluded.${name})`;
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

/** What the store itself notes of an item (`noteSnapshots`). */
function isSeenIn(name: string): boolean {
  return name === 'nested_captured_at' || name === 'threads_captured_at';
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
