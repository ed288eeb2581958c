import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { executeRolloutCommand, isWriteCommand } from '../../src/commands/execute-command.ts';
import { isInScope } from '../../src/monitor/scope.ts';
import { findServedRepository } from '../../src/store/find-repository.ts';
import { type Answer, refuse } from '../../src/text/answer.ts';
import type { ExecuteOptions } from '../execute-command.ts';
import { sendJson } from '../http.ts';
import type { AppLog } from '../log.ts';
import type { Access, Viewer } from './access.ts';

const Body = z.object({
  verb: z.string().max(40),
  args: z.array(z.string().max(400)).max(40),
});
const MAX_BODY_BYTES = 16_384;

/** Carries out a verb of `/rollout` for the page's buttons and its console: same registry, same rights, same history. */
export async function carryOut(
  request: IncomingMessage,
  response: ServerResponse,
  viewer: Viewer,
  { access, log, ...options }: ExecuteOptions & { access: Access; log: AppLog },
): Promise<void> {
  const startedAt = performance.now();
  const read = Body.safeParse(await readJson(request));
  if (!read.success) {
    return sendJson(response, 400, refuse('not_understood', 'Send {"verb": …, "args": […]} as JSON.'));
  }
  const answer = await execute(read.data, viewer, { access, ...options });
  log.info(
    {
      stage: 'command',
      source: 'page',
      actor: viewer.person?.id,
      verb: read.data.verb,
      outcome: answer.reasonCode,
      duration_ms: Math.round(performance.now() - startedAt),
    },
    'A command of the monitor was answered.',
  );
  const isDenied = ['permission_denied', 'permission_unverified', 'person_needed'].includes(
    answer.reasonCode,
  );
  sendJson(response, answer.ok ? 200 : isDenied ? 403 : 409, answer);
}

async function execute(
  { verb, args }: z.infer<typeof Body>,
  viewer: Viewer,
  { access, db, config, bulkFor, onChanged }: ExecuteOptions & { access: Access },
): Promise<Answer> {
  const { person, scope } = viewer;
  if (person === null && isWriteCommand({ name: 'rollout', verb, args })) {
    return refuse('person_needed', 'A change must name a person: sign in through GitHub.');
  }
  const askLevel = person && config.control ? await access.openLevel(person) : async () => viewer.level;
  const { limits, coalesceMs, inngestBulkPerDay } = config;
  return executeRolloutCommand(
    { verb, args },
    {
      db,
      now: () => new Date(),
      environmentStop: config.rollout.environmentStop,
      costing: config,
      actor: person ? { type: 'user', ...person } : { type: 'operator', login: 'monitor' },
      source: { type: 'page' },
      permission: askLevel,
      place: config.control ? { kind: 'control' } : { kind: 'unconfigured' },
      isPublic: false,
      findRepository: async (fullName) => {
        const repository = await findServedRepository(db, fullName);
        return repository && isInScope(repository.id, scope) ? repository : null;
      },
      onChanged,
      planning: { config: { limits, coalesceMs, inngestBulkPerDay }, bulkFor },
    },
  );
}

/** Undefined: it is no JSON, or too long. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MAX_BODY_BYTES) return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
