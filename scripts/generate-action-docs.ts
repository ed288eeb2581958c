import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

const MARK = '<!-- inputs and outputs: made from action.yml -->';
const readmeFile = fileURLToPath(new URL('../README.md', import.meta.url));
const actionFile = fileURLToPath(new URL('../action.yml', import.meta.url));

const Action = z.object({
  inputs: z.record(z.string(), z.object({ description: z.string(), default: z.string().optional() })),
  outputs: z.record(z.string(), z.object({ description: z.string() })),
});

const cell = (text: string) => text.trim().replaceAll(/\s+/g, ' ').replaceAll('|', '\\|');

/** The tables of an `action.yml`'s inputs and outputs, in Markdown. */
function renderTables(actionYaml: string): string {
  const { inputs, outputs } = Action.parse(parse(actionYaml));
  const inputRows = Object.entries(inputs).map(
    ([name, { description, default: value }]) =>
      `| \`${name}\` | ${cell(description)} | ${value ? `\`${cell(value)}\`` : ''} |`,
  );
  const outputRows = Object.entries(outputs).map(
    ([name, { description }]) => `| \`${name}\` | ${cell(description)} |`,
  );
  return [
    ...['| input | meaning | default |', '|---|---|---|', ...inputRows, ''],
    ...['| output | meaning |', '|---|---|', ...outputRows],
  ].join('\n');
}

/** A text with what stands between the two marks replaced by the tables. */
export function insertActionDocs(readme: string, actionYaml: string): string {
  const parts = readme.split(MARK);
  if (parts.length !== 3) throw new Error(`README.md must hold the mark "${MARK}" exactly twice.`);
  return [parts[0], `\n\n${renderTables(actionYaml)}\n\n`, parts[2]].join(MARK);
}

if (import.meta.main) {
  writeFileSync(
    readmeFile,
    insertActionDocs(readFileSync(readmeFile, 'utf8'), readFileSync(actionFile, 'utf8')),
  );
}
