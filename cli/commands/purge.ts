import { userInfo } from 'node:os';
import { type Command, Option } from 'commander';
import type { Transaction } from 'kysely';
import { sql } from 'kysely';
import { countPerson, purgePerson } from '../../src/retention/purge-person.ts';
import { countRepository, type PurgedRows, purgeRepository } from '../../src/retention/purge-repository.ts';
import type { DB } from '../../src/store/database.generated.ts';
import type { Database } from '../../src/store/database.ts';
import { countOf } from '../../src/text/count-of.ts';
import { findStoredRepositories } from '../find-stored-repositories.ts';
import { parseFullName, parseText } from '../parse-arguments.ts';
import type { CommandTerminal } from '../terminal.ts';
import { readConfig, withDatabase } from '../with-database.ts';

interface PurgeOptions {
  repository?: string;
  person?: string;
  confirm?: string;
  reason?: string;
  dryRun?: boolean;
  json?: boolean;
}

interface Subject {
  kind: 'repository' | 'person';
  id: number;
  name: string;
  /** What brings it back, or stays. */
  note: string | null;
}

const PURGES = {
  repository: { count: countRepository, purge: purgeRepository },
  person: { count: countPerson, purge: purgePerson },
} as const;

export function addPurgeCommand(program: Command, terminal: CommandTerminal): void {
  const purge = program
    .command('purge')
    .description(
      'Erases all that is stored of a repository or of a person. Without --confirm it tells what would go.',
    )
    .addOption(
      new Option('--repository <owner/repo>', 'all rows of this repository')
        .argParser(parseFullName)
        .conflicts('person'),
    )
    .option('--person <login|id>', "this person's texts and name, everywhere", parseText)
    .option('--confirm <name>', 'the same name or id again: erases')
    .option('--reason <text>', 'why; kept in the table purges')
    .option('--dry-run', 'erases nothing, whatever else is said')
    .option('--json', 'print JSON');
  purge.action(async (options: PurgeOptions) => {
    const named = options.repository ?? options.person;
    if (named === undefined) return purge.error('error: say --repository or --person');
    if (options.confirm !== undefined && options.confirm !== named) {
      return purge.error(`error: --confirm must be ${named}`);
    }
    await withDatabase(readConfig(terminal), {}, async (db) => {
      const subjects = options.repository
        ? await findRepositories(db, options.repository)
        : [await findPerson(db, named)];
      const isDone = options.confirm !== undefined && options.dryRun !== true;
      for (const subject of subjects) {
        const rows = await db
          .transaction()
          .execute((trx) =>
            isDone ? carryOut(trx, subject, options) : PURGES[subject.kind].count(trx, subject.id),
          );
        terminal.print(
          options.json
            ? JSON.stringify({ ...subject, purged: isDone, rows })
            : describe(subject, rows, isDone, named),
        );
      }
    });
  });
}

async function carryOut(
  trx: Transaction<DB>,
  { kind, id }: Subject,
  { reason }: PurgeOptions,
): Promise<PurgedRows> {
  const rows = await PURGES[kind].purge(trx, id);
  await trx
    .insertInto('purges')
    .values({
      kind,
      subject_id: id,
      actor: userInfo().username,
      reason: reason ?? null,
      rows: JSON.stringify(rows),
    })
    .execute();
  return rows;
}

async function findRepositories(db: Database, fullName: string): Promise<Subject[]> {
  const stored = await findStoredRepositories(db, fullName);
  return stored.map(({ id, fullName: name, isServed }) => ({
    kind: 'repository',
    id,
    name,
    note: isServed ? 'The App is installed there: take it off first, or it is captured again.' : null,
  }));
}

async function findPerson(db: Database, named: string): Promise<Subject> {
  const byId = /^\d{1,16}$/.test(named);
  const people = await db
    .selectFrom('contributors')
    .select(['id', 'login'])
    .where((eb) => (byId ? eb('id', '=', Number(named)) : eb(sql`lower(login)`, '=', named.toLowerCase())))
    .orderBy('captured_at', 'desc')
    .execute();
  const [person, ...more] = people;
  if (!person) throw new Error(`${named} is nobody in the database: check the spelling.`);
  if (more.length > 0) {
    const ids = people.map(({ id }) => id).join(', ');
    throw new Error(`The login ${named} was that of several accounts (${ids}): say --person with an id.`);
  }
  return {
    kind: 'person',
    id: person.id,
    name: person.login,
    note: 'What GitHub still shows comes back when it is captured again. rollout_history keeps who steered the rollout.',
  };
}

function describe(
  { kind, id, name, note }: Subject,
  rows: PurgedRows,
  isDone: boolean,
  named: string,
): string {
  const total = Object.values(rows).reduce((sum, count) => sum + count, 0);
  return [
    `${isDone ? 'Purged' : 'Would purge'} the ${kind} ${name} (${id}): ${countOf(total, 'row')}.`,
    ...Object.entries(rows).map(([table, count]) => `  ${table.padEnd(26)}${count}`),
    ...(note === null ? [] : [note]),
    ...(isDone
      ? []
      : [`Nothing was changed. To do it: hybrid-capture purge --${kind} ${named} --confirm ${named}`]),
  ].join('\n');
}
