import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { Command } from 'commander';
import { toJsonLine } from '../../src/destination/json-line.ts';
import { STORED_TABLES } from '../../src/retention/owned-rows.ts';
import { readRows, type StoredRow } from '../../src/retention/read-rows.ts';
import { countOf } from '../../src/text/count-of.ts';
import { findStoredRepositories } from '../find-stored-repositories.ts';
import { parseFullName, parseText } from '../parse-arguments.ts';
import type { CommandTerminal } from '../terminal.ts';
import { readConfig, withDatabase } from '../with-database.ts';

interface ExportOptions {
  repository?: string;
  json?: boolean;
}

export function addExportCommand(program: Command, terminal: CommandTerminal): void {
  program
    .command('export')
    .description(
      'Writes the captured rows as DIR/owner/repo/<table>.ndjson, column names as keys, a line a row.',
    )
    .argument('<dir>', 'a folder; files of an earlier export are replaced', parseText)
    .option('--repository <owner/repo>', 'only this repository', parseFullName)
    .option('--json', 'print JSON')
    .action(async (dir: string, options: ExportOptions) => {
      await withDatabase(readConfig(terminal), {}, async (db) => {
        const exported: Record<string, Record<string, number>> = {};
        for (const { id, fullName } of await findStoredRepositories(db, options.repository)) {
          const folder = join(dir, ...foldersOf(fullName));
          await mkdir(folder, { recursive: true });
          const rows: Record<string, number> = {};
          for (const table of STORED_TABLES) {
            rows[table] = await writeLines(join(folder, `${table}.ndjson`), readRows(db, table, id));
          }
          exported[fullName] = rows;
          const total = Object.values(rows).reduce((sum, count) => sum + count, 0);
          if (!options.json) terminal.print(`${fullName}: ${countOf(total, 'row')} in ${folder}`);
        }
        if (options.json) terminal.print(JSON.stringify({ directory: dir, repositories: exported }));
      });
    });
}

/** A name comes from GitHub, and must not lead out of the folder. */
function foldersOf(fullName: string): string[] {
  const parts = fullName.split('/');
  if (parts.length === 2 && parts.every((part) => /^[\w.-]+$/.test(part) && !/^\.+$/.test(part)))
    return parts;
  throw new Error(`${JSON.stringify(fullName)} is no name of a repository; nothing was written for it.`);
}

async function writeLines(file: string, rows: AsyncIterable<StoredRow>): Promise<number> {
  const stream = createWriteStream(file);
  let count = 0;
  try {
    for await (const row of rows) {
      count += 1;
      if (!stream.write(toJsonLine(row))) await once(stream, 'drain');
    }
  } finally {
    stream.end();
  }
  await finished(stream);
  return count;
}
