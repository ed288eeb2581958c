import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/template-token';
import { entriesOf, WorkflowError } from './evaluate.ts';
import { isSequence, NoOperationTraceWriter, parseWorkflow } from './workflow-parser.ts';

export interface DeclaredInput {
  name: string;
  isRequired: boolean;
  type: string;
  default: string | null;
  options: string[];
}

/** A workflow that this runner can carry out: one job with one step, which uses an action. */
export interface WorkflowFile {
  name: string;
  runName: TemplateToken | null;
  /** The events that start it. */
  events: string[];
  /** Null: it can't be dispatched. */
  inputs: DeclaredInput[] | null;
  /** `permissions` of the job or of the workflow; null where none are written. */
  permissions: Record<string, string> | null;
  jobId: string;
  timeoutMinutes: TemplateToken | null;
  uses: string;
  with: [string, TemplateToken][];
}

/** Keys that the runner knows, or that change nothing here. Any other is an error, never skipped. */
const WORKFLOW_KEYS = ['name', 'run-name', 'on', 'permissions', 'jobs'];
const JOB_KEYS = ['name', 'runs-on', 'timeout-minutes', 'permissions', 'steps'];
const STEP_KEYS = ['name', 'id', 'uses', 'with'];
const EVENTS = ['workflow_dispatch', 'schedule'];
const INPUT_KEYS = ['description', 'required', 'type', 'default', 'options'];

/** GitHub's default of a job without `timeout-minutes`. */
export const DEFAULT_TIMEOUT_MINUTES = 360;

function only(entries: [string, TemplateToken][], known: string[], what: string): Map<string, TemplateToken> {
  for (const [key, token] of entries) {
    if (!known.includes(key))
      throw new WorkflowError(
        `line ${token.line}: ${what} has "${key}", which this runner does not carry out`,
      );
  }
  return new Map(entries);
}

/** Parses a workflow file by GitHub's schema. Throws WorkflowError with the first thing that is wrong. */
export function parseWorkflowFile(path: string, content: string): WorkflowFile {
  const { context, value } = parseWorkflow({ name: path, content }, new NoOperationTraceWriter());
  const [problem] = context.errors.getErrors();
  if (problem) throw new WorkflowError(`Invalid workflow file: ${problem.message}`);
  if (!value) throw new WorkflowError('Invalid workflow file: it is empty');
  const workflow = only(entriesOf(value, 'the workflow'), WORKFLOW_KEYS, 'the workflow');
  const { events, inputs } = parseEvents(workflow.get('on'));
  const jobs = entriesOf(workflow.get('jobs'), 'jobs');
  const [first] = jobs;
  if (!first || jobs.length > 1)
    throw new WorkflowError(`the workflow has ${jobs.length} jobs; this runner carries out one`);
  const [jobId, jobToken] = first;
  const job = only(entriesOf(jobToken, `job ${jobId}`), JOB_KEYS, `job ${jobId}`);
  const permissions = job.get('permissions') ?? workflow.get('permissions');
  return {
    name: workflow.get('name')?.toString() ?? path,
    runName: workflow.get('run-name') ?? null,
    events,
    inputs,
    permissions: permissions ? parsePermissions(permissions) : null,
    jobId,
    timeoutMinutes: job.get('timeout-minutes') ?? null,
    ...parseStep(jobId, job.get('steps')),
  };
}

function parseStep(jobId: string, steps: TemplateToken | undefined): Pick<WorkflowFile, 'uses' | 'with'> {
  const count = steps && isSequence(steps) ? steps.count : 0;
  if (!steps || !isSequence(steps) || count !== 1) {
    throw new WorkflowError(`job ${jobId} has ${count} steps; this runner carries out one`);
  }
  const step = only(entriesOf(steps.get(0), 'the step'), STEP_KEYS, 'the step');
  const uses = step.get('uses');
  if (!uses) throw new WorkflowError(`job ${jobId}: its step uses no action`);
  return { uses: uses.toString(), with: entriesOf(step.get('with'), 'with') };
}

/** `on` as text, a list or a mapping. */
function parseEvents(on: TemplateToken | undefined): Pick<WorkflowFile, 'events' | 'inputs'> {
  if (!on) throw new WorkflowError('the workflow has no "on"');
  let entries: [string, TemplateToken | undefined][];
  if (isSequence(on)) entries = [...on].map((token) => [token.toString(), undefined]);
  else if (on.isScalar) entries = [[on.toString(), undefined]];
  else entries = entriesOf(on, 'on');
  for (const [event] of entries) {
    if (!EVENTS.includes(event))
      throw new WorkflowError(`the event "${event}" is not one that this runner starts runs for`);
  }
  const dispatch = entries.find(([event]) => event === 'workflow_dispatch');
  return { events: entries.map(([event]) => event), inputs: dispatch ? parseInputs(dispatch[1]) : null };
}

function parseInputs(dispatch: TemplateToken | undefined): DeclaredInput[] {
  const config = only(entriesOf(dispatch, 'workflow_dispatch'), ['inputs'], 'workflow_dispatch');
  return entriesOf(config.get('inputs'), 'inputs').map(([name, token]) => {
    const input = only(entriesOf(token, `input ${name}`), INPUT_KEYS, `input ${name}`);
    const options = input.get('options');
    return {
      name,
      isRequired: input.get('required')?.toString() === 'true',
      type: input.get('type')?.toString() ?? 'string',
      default: input.get('default')?.toString() ?? null,
      options: options && isSequence(options) ? [...options].map(String) : [],
    };
  });
}

function parsePermissions(token: TemplateToken): Record<string, string> {
  if (token.isScalar) {
    throw new WorkflowError(
      `line ${token.line}: permissions "${token.toString()}" are not spelled out one by one`,
    );
  }
  return Object.fromEntries(entriesOf(token, 'permissions').map(([name, level]) => [name, level.toString()]));
}

/** The inputs as the run sees them, or GitHub's words for the 422 that it answers. */
export function judgeInputs(
  declared: readonly DeclaredInput[],
  given: Readonly<Record<string, unknown>>,
): { inputs: Record<string, string> } | { refusal: string } {
  if (Object.keys(given).length > 25)
    return { refusal: 'you may only define up to 25 inputs for a workflow_dispatch event' };
  const names = declared.map(({ name }) => name.toLowerCase());
  const unknown = Object.keys(given).filter((name) => !names.includes(name.toLowerCase()));
  if (unknown.length > 0) return { refusal: `Unexpected inputs provided: ${JSON.stringify(unknown)}` };
  if (JSON.stringify(given).length > 65_535) return { refusal: 'inputs are too large.' };
  const inputs: Record<string, string> = {};
  for (const input of declared) {
    const key = Object.keys(given).find((name) => name.toLowerCase() === input.name.toLowerCase());
    const value = key === undefined ? undefined : given[key];
    const isMissing = value === undefined || value === null || value === '';
    if (isMissing && input.isRequired && input.default === null) {
      return { refusal: `Required input '${input.name}' not provided` };
    }
    const text = isMissing ? (input.default ?? '') : String(value);
    if (input.type === 'choice' && text !== '' && !input.options.includes(text)) {
      return {
        refusal: `Provided value '${text}' for input '${input.name}' not in the list of allowed values`,
      };
    }
    if (input.type === 'boolean' && text !== '' && !['true', 'false'].includes(text)) {
      return { refusal: `Provided value '${text}' for input '${input.name}' is not a boolean` };
    }
    inputs[input.name] = text;
  }
  return { inputs };
}
