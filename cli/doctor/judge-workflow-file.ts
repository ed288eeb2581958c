import { parse } from 'yaml';
import { z } from 'zod';

const Input = z.object({ required: z.boolean().optional(), default: z.unknown().optional() }).nullable();
const Job = z.object({
  permissions: z.unknown().optional(),
  steps: z.array(z.record(z.string(), z.unknown())),
});
const Workflow = z.object({
  on: z.unknown(),
  permissions: z.unknown().optional(),
  jobs: z.record(z.string(), z.unknown()),
});
const Dispatch = z.object({ workflow_dispatch: z.unknown() });
const Inputs = z.object({ inputs: z.record(z.string(), Input) });

export interface WorkflowProblem {
  code:
    | 'workflow_invalid'
    | 'workflow_not_dispatchable'
    | 'workflow_inputs_differ'
    | 'workflow_permissions'
    | 'workflow_app_url';
  message: string;
}

/**
 * Whether a workflow file can be started with the inputs that the app sends: GitHub answers 422 to one that the file
 * does not declare, and to a required one that is not sent.
 */
export function judgeWorkflowFile(
  text: string,
  { sendsRepository }: { sendsRepository: boolean },
): WorkflowProblem | null {
  const file = Workflow.safeParse(parseYaml(text));
  if (!file.success) return { code: 'workflow_invalid', message: 'this is no workflow file.' };
  const { on, jobs, permissions } = file.data;
  const declared = readInputs(on);
  if (declared === null) {
    return { code: 'workflow_not_dispatchable', message: 'it has no trigger workflow_dispatch.' };
  }
  const sent = ['job-id', ...(sendsRepository ? ['repository'] : [])];
  const undeclared = sent.filter((name) => !(name in declared));
  const unsent = Object.entries(declared)
    .filter(
      ([name, input]) => input?.required === true && input.default === undefined && !sent.includes(name),
    )
    .map(([name]) => name);
  if (undeclared.length > 0 || unsent.length > 0) {
    const parts = [
      ...(undeclared.length > 0 ? [`the app sends ${undeclared.join(', ')}, which it does not declare`] : []),
      ...(unsent.length > 0 ? [`it requires ${unsent.join(', ')}, which the app does not send`] : []),
    ];
    return { code: 'workflow_inputs_differ', message: `${parts.join('; ')}.` };
  }
  const ours = Object.values(jobs)
    .map((job) => Job.safeParse(job).data)
    .find((job) => job?.steps.some(isOurStep));
  // A job's block replaces that of the workflow, it adds nothing to it.
  if (ours && !allowsIdToken(ours.permissions ?? permissions)) {
    return {
      code: 'workflow_permissions',
      message: 'its runs can not prove who they are: "permissions: id-token: write" is missing.',
    };
  }
  if (!ours?.steps.some((step) => takesAppUrl(step.with))) {
    return { code: 'workflow_app_url', message: 'no step has "app-url", or it takes it from an input.' };
  }
  return null;
}

function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return null;
  }
}

/** Null: the workflow can't be dispatched. */
function readInputs(on: unknown): z.infer<typeof Inputs>['inputs'] | null {
  if (on === 'workflow_dispatch' || (Array.isArray(on) && on.includes('workflow_dispatch'))) return {};
  const dispatch = Dispatch.safeParse(on);
  if (!dispatch.success || !(typeof on === 'object' && on !== null && 'workflow_dispatch' in on)) return null;
  return Inputs.safeParse(dispatch.data.workflow_dispatch).data?.inputs ?? {};
}

function allowsIdToken(permissions: unknown): boolean {
  if (permissions === 'write-all') return true;
  return z.object({ 'id-token': z.literal('write') }).safeParse(permissions).success;
}

/** By its inputs: an action of a fork, or of a folder, has another name. */
function isOurStep({ with: given }: Record<string, unknown>): boolean {
  return typeof given === 'object' && given !== null && ('job-id' in given || 'app-url' in given);
}

function takesAppUrl(given: unknown): boolean {
  const url = z.object({ 'app-url': z.string().min(1) }).safeParse(given).data?.['app-url'];
  return url !== undefined && !/\binputs\./.test(url);
}
