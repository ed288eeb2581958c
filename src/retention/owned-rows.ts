import { type RawBuilder, sql } from 'kysely';
import { CAPTURE_TABLES } from '../store/capture-tables.ts';

export type StoredTable = keyof typeof CAPTURE_TABLES;
/** In an order in which each table follows those that it points at. */
export const STORED_TABLES = Object.keys(CAPTURE_TABLES) as StoredTable[];

/** Columns that hold the id of a person. */
const PERSON_COLUMNS = ['author_id', 'merged_by_id', 'resolved_by_id', 'contributor_id'];

/** The tables and columns in which people occur. */
export const PEOPLE: readonly { table: StoredTable; column: string }[] = STORED_TABLES.flatMap((table) =>
  PERSON_COLUMNS.filter((column) => column in CAPTURE_TABLES[table].columns).map((column) => ({
    table,
    column,
  })),
);

/** Condition for the rows of a table that belong to a repository; of people: those who occur in it. */
export function isOfRepository(table: StoredTable, repositoryId: number): RawBuilder<boolean> {
  const id = sql`${repositoryId}::bigint`;
  const { owner, columns } = CAPTURE_TABLES[table];
  switch (owner) {
    case 'self':
      return sql<boolean>`id = ${id}`;
    case 'repository_id':
      return sql<boolean>`repository_id = ${id}`;
    case 'parent': {
      const parents = (['pull_request_id', 'issue_id'] as const).filter((column) => column in columns);
      const conditions = parents.map((column) => {
        const parent = column === 'issue_id' ? 'issues' : 'pull_requests';
        return sql`${sql.ref(column)} IN (SELECT id FROM ${sql.table(parent)} WHERE repository_id = ${id})`;
      });
      return sql<boolean>`(${sql.join(conditions, sql` OR `)})`;
    }
    case 'global': {
      const people = PEOPLE.map(
        (place) =>
          sql`SELECT ${sql.ref(place.column)} FROM ${sql.table(place.table)} WHERE ${isOfRepository(place.table, repositoryId)}`,
      );
      return sql<boolean>`id IN (${sql.join(people, sql` UNION `)})`;
    }
  }
}
