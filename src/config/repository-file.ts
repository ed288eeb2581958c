import { isAlias, isNode, LineCounter, parseDocument, visit } from 'yaml';
import { z } from 'zod';
import {
  CAPTURE_INCLUDES,
  type CaptureInclude,
  type JobType,
  type WorkItem,
} from '../work-item/work-item.ts';

/** Where a repository keeps its settings; where it has none, the same path in the organisation's `.github` holds. */
export const REPOSITORY_FILE = '.github/hybrid-capture.yml';

/** Bytes of UTF-8. A legal file has some hundred. */
const MAX_BYTES = 16_384;

/** Which kinds are captured. A repository can only switch kinds off that the operator has on. */
export const RepositorySettings = z.strictObject({
  capture: z
    .strictObject({
      'pull-requests': z.boolean().default(true),
      issues: z.boolean().default(true),
      commits: z.boolean().default(true),
      labels: z.boolean().default(true),
    } satisfies Record<CaptureInclude, z.ZodType>)
    .prefault({}),
});
export type RepositorySettings = z.infer<typeof RepositorySettings>;

export const DEFAULT_REPOSITORY_SETTINGS: RepositorySettings = RepositorySettings.parse({});

/**
 * Reads the text of `.github/hybrid-capture.yml`. A wrong file is one clear sentence with its line, and the defaults
 * hold: nothing of it counts, so a typing error never switches half of the capture off.
 */
export function parseRepositoryFile(text: string): { settings: RepositorySettings; problem: string | null } {
  const refuse = (problem: string) => ({
    settings: DEFAULT_REPOSITORY_SETTINGS,
    problem: `${REPOSITORY_FILE}${problem} The defaults hold.`,
  });
  if (Buffer.byteLength(text) > MAX_BYTES) return refuse(` is larger than ${MAX_BYTES} bytes.`);

  const lines = new LineCounter();
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
    const error = document.errors[0] ?? document.warnings[0];
    if (error)
      return refuse(`, line ${lines.linePos(error.pos[0]).line}: this is not valid YAML (${error.code}).`);
    let alias: number | undefined;
    visit(document, (_, node) => {
      if (isAlias(node)) alias ??= node.range?.[0] ?? 0;
    });
    if (alias !== undefined) {
      return refuse(`, line ${lines.linePos(alias).line}: aliases are not allowed; write the value itself.`);
    }

    const parsed = RepositorySettings.safeParse(document.toJS() ?? {});
    if (parsed.success) return { settings: parsed.data, problem: null };
    const issue = parsed.error.issues[0];
    const key = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
    const path = [...(issue?.path ?? []), ...key].map(String);
    const offset = findOffset(document, path);
    return refuse(`, line ${lines.linePos(offset).line}: ${describeIssue(issue, path)}`);
  } catch {
    return refuse(' is nested too deeply to be read.');
  }
}

/**
 * The work that a repository's settings leave of an item: itself, less of it, or null when all of it is switched off.
 * Counts are always read, they decide where work runs.
 */
export function restrictToSettings(item: WorkItem, settings: RepositorySettings): WorkItem | null {
  const kind = KIND_OF_TYPE[item.type];
  if (kind !== null) return settings.capture[kind] ? item : null;
  if (item.type === 'classify') return item;
  const include = item.include.filter((included) => settings.capture[included]);
  if (include.length === item.include.length) return item;
  return include.length === 0 ? null : { ...item, include };
}

/** What a type of job captures; null where its `include` tells. */
const KIND_OF_TYPE: Readonly<Record<JobType, CaptureInclude | null>> = {
  pull_requests: 'pull-requests',
  issues: 'issues',
  branch_commits: 'commits',
  labels: 'labels',
  history: null,
  verify: null,
  classify: null,
};

function findOffset(document: ReturnType<typeof parseDocument>, path: string[]): number {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function describeIssue(issue: z.core.$ZodIssue | undefined, path: string[]): string {
  const legal = path.length > 1 || path[0] === 'capture' ? CAPTURE_INCLUDES.join(', ') : 'capture';
  if (issue?.code === 'unrecognized_keys') return `there is no such key; the keys here are: ${legal}.`;
  return path.length > 1
    ? `\`${path.join('.')}\` must be true or false.`
    : `${path.length === 0 ? 'the file' : `\`${path.join('.')}\``} must hold keys: ${legal}.`;
}
