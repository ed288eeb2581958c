import { writeFile } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import { type Kysely, sql } from 'kysely';
import type { OpenDatabase } from '../src/store/database.ts';
import { migrate } from '../src/store/migrate.ts';
import { fromPglite, PGLITE_PARSERS } from '../src/store/open-pglite.ts';

const TARGET = new URL('../src/store/database.generated.ts', import.meta.url);

const HEADER = `// Made by scripts/generate-database-types.ts from the migrated schema; a test fails when it is out of date.
import type { ColumnType, GeneratedAlways } from 'kysely';

/** What has a default may be left out of an insert. */
type Generated<T> =
  T extends ColumnType<infer S, infer I, infer U> ? ColumnType<S, I | undefined, U> : ColumnType<T, T | undefined, T>;
type Timestamp = ColumnType<Date, Date | string, Date | string>;
/** Objects only: \`pg\` would send a JavaScript array as a Postgres array. A string is taken for JSON text. */
type Json = ColumnType<Record<string, unknown>, Record<string, unknown> | string, Record<string, unknown> | string>;
`;

const TYPES: Record<string, string> = {
  bigint: 'number',
  boolean: 'boolean',
  'double precision': 'number',
  integer: 'number',
  jsonb: 'Json',
  numeric: 'number',
  smallint: 'number',
  text: 'string',
  'timestamp with time zone': 'Timestamp',
  uuid: 'string',
};

interface Column {
  table: string;
  isView: boolean;
  name: string;
  type: string;
  isNullable: boolean;
  hasDefault: boolean;
  isIdentity: boolean;
  /** Definitions of the check constraints on this column alone. */
  checks: string[];
}

/** The text of `src/store/database.generated.ts` for a database that is migrated. */
export async function generateDatabaseTypes(db: OpenDatabase['db']): Promise<string> {
  const columns = await readColumns(db as unknown as Kysely<unknown>);
  const tables = Map.groupBy(columns, ({ table }) => table);
  const interfaces = [...tables].map(
    ([table, its]) => `export interface ${interfaceName(table)} {\n${its.map(renderColumn).join('')}}\n`,
  );
  const all = [...tables.keys()].map((table) => `  ${table}: ${interfaceName(table)};\n`);
  return `${HEADER}\n${interfaces.join('\n')}\nexport interface DB {\n${all.join('')}}\n`;
}

async function readColumns(db: Kysely<unknown>): Promise<Column[]> {
  const { rows } = await sql<Column>`
    select c.relname as "table", c.relkind = 'v' as "isView", a.attname as name,
      format_type(a.atttypid, null) as type, not a.attnotnull as "isNullable",
      a.atthasdef as "hasDefault", a.attidentity = 'a' as "isIdentity",
      coalesce((select json_agg(pg_get_constraintdef(k.oid)) from pg_constraint k
        where k.conrelid = c.oid and k.contype = 'c' and k.conkey = array[a.attnum]), '[]') as checks
    from pg_class c
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'v')
    order by c.relname, a.attnum`.execute(db);
  return rows;
}

function renderColumn({ name, type, isNullable, hasDefault, isIdentity, isView, checks }: Column): string {
  const plain = checks.map(literalsOf).find((union) => union !== null) ?? typeOf(type);
  const nullable = isNullable ? `${plain} | null` : plain;
  if (isView) return `  ${name}: ColumnType<${nullable}, never, never>;\n`;
  if (isIdentity) return `  ${name}: GeneratedAlways<${nullable}>;\n`;
  return `  ${name}: ${hasDefault ? `Generated<${nullable}>` : nullable};\n`;
}

function typeOf(type: string): string {
  const [element = type, array] = type.split('[]');
  const plain = TYPES[element];
  if (plain === undefined) throw new Error(`No TypeScript type is known for ${type}: add it to TYPES.`);
  return array === undefined ? plain : `${plain}[]`;
}

/** The union of what \`CHECK (column IN ('A', 'B'))\` allows, in Postgres' own spelling of it. */
function literalsOf(check: string): string | null {
  const list = /^CHECK \(\(\w+ = ANY \(ARRAY\[([^\]]*)\]\)\)\)$/.exec(check)?.[1];
  if (list === undefined) return null;
  const values = [...list.matchAll(/'([^']*)'::text|(\d+)/g)].map(
    ([, text, number]) => text ?? Number(number),
  );
  return values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value))).join(' | ');
}

function interfaceName(table: string): string {
  return table.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

if (import.meta.main) {
  const database = fromPglite(await PGlite.create({ parsers: PGLITE_PARSERS }));
  await migrate(database.db);
  await writeFile(TARGET, await generateDatabaseTypes(database.db));
  await database.close();
}
