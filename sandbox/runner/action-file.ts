import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/template-token';
import { type Contexts, entriesOf, evaluateText, WorkflowError } from './evaluate.ts';
import { NoOperationTraceWriter, parseAction } from './workflow-parser.ts';

export interface ActionFile {
  /** Absolute path of the JavaScript to run. */
  main: string;
  inputs: { name: string; default: TemplateToken | null }[];
}

const INPUT_KEYS = ['description', 'required', 'default', 'deprecationMessage'];

/** Reads `action.yml` of a directory; only `node24` actions with a `main` and nothing else are carried out. */
export async function readActionFile(directory: string): Promise<ActionFile> {
  const path = join(directory, 'action.yml');
  const content = await readFile(path, 'utf8').catch(() => {
    throw new WorkflowError(`${path}: there is no such file`);
  });
  const { context, value } = parseAction({ name: path, content }, new NoOperationTraceWriter());
  const [problem] = context.errors.getErrors();
  if (problem || !value) throw new WorkflowError(`Invalid action file: ${problem?.message ?? 'it is empty'}`);
  const action = new Map(entriesOf(value, 'action.yml'));
  const runs = new Map(entriesOf(action.get('runs'), 'runs'));
  for (const key of runs.keys()) {
    if (!['using', 'main'].includes(key))
      throw new WorkflowError(`${path}: this runner does not carry out runs.${key}`);
  }
  const using = runs.get('using')?.toString();
  if (using !== 'node24') throw new WorkflowError(`${path}: runs.using is ${using}; this runner has node24`);
  const main = runs.get('main')?.toString();
  if (!main) throw new WorkflowError(`${path}: runs.main is missing`);
  const inputs = entriesOf(action.get('inputs'), 'inputs').map(([name, token]) => {
    const entries = new Map(entriesOf(token, `input ${name}`));
    for (const key of entries.keys()) {
      if (!INPUT_KEYS.includes(key)) throw new WorkflowError(`${path}: input ${name} has "${key}"`);
    }
    return { name, default: entries.get('default') ?? null };
  });
  return { main: join(directory, main), inputs };
}

/**
 * The action's inputs as environment variables: upper case, blanks as `_`, dashes stay. An input that
 * `with:` names and the action does not declare is passed on too (the runner only warns of it).
 */
export function inputVariables(
  action: ActionFile,
  given: readonly (readonly [string, TemplateToken])[],
  contexts: Contexts,
): { variables: Record<string, string>; warnings: string[] } {
  const variables: Record<string, string> = {};
  const nameOf = (input: string) => `INPUT_${input.replaceAll(' ', '_').toUpperCase()}`;
  for (const input of action.inputs) {
    variables[nameOf(input.name)] = input.default ? evaluateText(input.default, contexts) : '';
  }
  const declared = action.inputs.map(({ name }) => name.toLowerCase());
  const unexpected: string[] = [];
  for (const [name, token] of given) {
    if (!declared.includes(name.toLowerCase())) unexpected.push(name);
    variables[nameOf(name)] = evaluateText(token, contexts);
  }
  const valid = declared.map((name) => `'${name}'`).join(', ');
  const warnings = unexpected.map((name) => `Unexpected input(s) '${name}', valid inputs are [${valid}]`);
  return { variables, warnings };
}
