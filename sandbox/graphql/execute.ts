import { schema as publishedSchema } from '@octokit/graphql-schema';
import {
  buildSchema,
  type DocumentNode,
  execute,
  type GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  getOperationAST,
  parse,
  validate,
} from 'graphql';
import type { Connection } from './connection.ts';
import { judgeCost } from './cost.ts';
import { notModelled, toWire, type WireError } from './errors.ts';
import type { QueryContext, Resolvers } from './resolver.ts';
import { EVENT_TYPES } from './timeline.ts';
import { ACTOR_TYPES } from './types/actors.ts';
import { DISCUSSION_TYPES } from './types/discussion.ts';
import { PULL_REQUEST_TYPES } from './types/pull-request.ts';
import { REPOSITORY_TYPES } from './types/repository.ts';

let schema: GraphQLSchema | undefined;
/** The schema that GitHub publishes, parsed once for each process. */
export function githubSchema(): GraphQLSchema {
  schema ??= buildSchema(publishedSchema.idl, { assumeValid: true, assumeValidSDL: true });
  return schema;
}

const TYPES: Record<string, Resolvers<never> | undefined> = {
  ...ACTOR_TYPES,
  ...DISCUSSION_TYPES,
  ...PULL_REQUEST_TYPES,
  ...REPOSITORY_TYPES,
  ...EVENT_TYPES,
};

const CONNECTION: Resolvers<Connection<object> & { updatedAt?: string }> = {
  totalCount: ({ totalCount }) => totalCount,
  nodes: ({ nodes }) => nodes,
  pageInfo: ({ pageInfo }) => pageInfo,
  edges: ({ nodes, cursorOf }) => nodes.map((node) => ({ node, cursor: cursorOf(node) })),
  filteredCount: ({ filteredCount }) => filteredCount,
  pageCount: ({ nodes }) => nodes.length,
  updatedAt: ({ updatedAt }) => updatedAt,
};

const resolveField: GraphQLFieldResolver<unknown, QueryContext, Record<string, unknown>> = (
  source,
  args,
  context,
  { parentType, fieldName },
) => {
  context.meter.check();
  const type = parentType.name;
  if (type === 'PageInfo' || (type.endsWith('Edge') && ['node', 'cursor'].includes(fieldName))) {
    return (source as Record<string, unknown>)[fieldName];
  }
  const resolve = (TYPES[type] ??
    (type.endsWith('Connection') ? (CONNECTION as Resolvers<never>) : undefined))?.[fieldName];
  if (!resolve) throw notModelled(`${type}.${fieldName}`);
  return resolve(source as never, args as never, context);
};

interface Parsed {
  document?: DocumentNode;
  errors: WireError[];
}
const parsed = new Map<string, Parsed>();

/** Parses and validates against the schema; the last documents are remembered. */
function parseQuery(query: string): Parsed {
  const known = parsed.get(query);
  if (known) return known;
  let result: Parsed;
  try {
    result = { document: parse(query), errors: [] };
  } catch (error) {
    result = { errors: [{ message: (error as Error).message }] };
  }
  if (result.document) result.errors = validate(githubSchema(), result.document).map(toWire);
  if (parsed.size > 500) parsed.clear();
  parsed.set(query, result);
  return result;
}

export interface QueryPlan {
  document: DocumentNode;
  operationName: string | undefined;
  variables: Record<string, unknown>;
  points: number;
  declaredNodes: number;
}

/** What the query will cost, or why GitHub refuses it without running it. */
export function planQuery(request: {
  query: string;
  variables?: Record<string, unknown> | null | undefined;
  operationName?: string | null | undefined;
}): { plan: QueryPlan } | { errors: WireError[] } {
  const { document, errors } = parseQuery(request.query);
  if (!document || errors.length > 0) return { errors };
  const operation = getOperationAST(document, request.operationName);
  if (!operation) return { errors: [{ message: 'No operation named in the request.' }] };
  if (operation.operation !== 'query') return { errors: [toWire(notModelled(`a ${operation.operation}`))] };
  const defaults = Object.fromEntries(
    (operation.variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
      defaultValue && 'value' in defaultValue ? [[variable.name.value, literal(defaultValue)]] : [],
    ),
  );
  const variables = { ...defaults, ...request.variables };
  const cost = judgeCost(githubSchema(), document, operation, variables);
  if (cost.errors.length > 0) return { errors: cost.errors };
  const operationName = request.operationName ?? undefined;
  return {
    plan: { document, operationName, variables, points: cost.points, declaredNodes: cost.nodes },
  };
}

const literal = (node: { kind: string; value: unknown }) =>
  node.kind === 'IntValue' ? Number(node.value) : node.value;

export interface QueryAnswer {
  data?: unknown;
  errors?: WireError[];
}

export async function runQuery(plan: QueryPlan, context: QueryContext): Promise<QueryAnswer> {
  const result = await withoutStacks(() =>
    execute({
      schema: githubSchema(),
      document: plan.document,
      variableValues: plan.variables,
      ...(plan.operationName === undefined ? {} : { operationName: plan.operationName }),
      contextValue: context,
      rootValue: {},
      fieldResolver: resolveField as GraphQLFieldResolver<unknown, unknown>,
      typeResolver: (value) => (value as { kind: string }).kind,
    }),
  );
  const errors = result.errors?.map((error: GraphQLError) => toWire(error));
  return { ...(result.data === undefined ? {} : { data: result.data }), ...(errors ? { errors } : {}) };
}

/** A page may hold hundreds of field errors; their stacks, which nobody sees, would take most of its time. */
function withoutStacks<T>(work: () => T): T {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = before;
  }
}
