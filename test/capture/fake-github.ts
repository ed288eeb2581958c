import { schema as officialSchema } from '@octokit/graphql-schema';
import {
  buildSchema,
  type DocumentNode,
  execute,
  type FieldNode,
  Kind,
  parse,
  type SelectionSetNode,
  validate,
} from 'graphql';

/** GitHub's own schema, parsed once. */
export const githubSchema = buildSchema(officialSchema.idl, { assumeValidSDL: true });

export interface FakeRequest {
  query: string;
  variables: Record<string, unknown>;
  operation: string;
  /** Points by GitHub's formula. */
  cost: number;
  headers: Headers;
}

/** What the fake answers instead of the truth; undefined: the truth. */
export type Fault = (
  request: FakeRequest,
  index: number,
) => Promise<Response | undefined> | Response | undefined;

export interface FakeGitHub {
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  requests: FakeRequest[];
  /** Points of all requests that were carried out. */
  points(): number;
}

const documents = new Map<string, DocumentNode>();

/** GraphQL executed against the official schema over plain objects: connections are functions of their arguments. */
export function createFakeGitHub(root: Record<string, unknown>, fault: Fault = () => undefined): FakeGitHub {
  const requests: FakeRequest[] = [];
  let points = 0;
  return {
    requests,
    points: () => points,
    async fetch(_url, init) {
      const { query, variables = {} } = JSON.parse(String(init.body));
      let document = documents.get(query);
      if (document === undefined) {
        document = parse(query);
        const problems = validate(githubSchema, document);
        if (problems.length > 0) return answer({ errors: problems.map(({ message }) => ({ message })) });
        documents.set(query, document);
      }
      const cost = costOf(document, variables);
      const operation =
        document.definitions.find((d) => d.kind === Kind.OPERATION_DEFINITION)?.name?.value ?? '';
      const request = { query, variables, operation, cost, headers: new Headers(init.headers) };
      requests.push(request);
      const faulty = await fault(request, requests.length - 1);
      if (faulty !== undefined) return faulty;
      points += cost;
      const rateLimit = { cost, remaining: 5000 - points, limit: 5000, resetAt: '2030-01-01T00:00:00Z' };
      const result = await execute({
        schema: githubSchema,
        document,
        variableValues: variables,
        rootValue: { ...root, rateLimit },
      });
      const errors = result.errors?.map((error) => ({
        message: error.message,
        path: error.path,
        ...(typeof error.extensions.type === 'string' && { type: error.extensions.type }),
      }));
      return answer({ data: result.data, ...(errors && { errors }) });
    },
  };
}

export function answer(
  body: unknown,
  init: { status?: number; headers?: Record<string, string> } = {},
): Response {
  return new Response(typeof body === 'string' ? body : JSON.stringify(body), {
    status: init.status ?? 200,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      date: new Date('2026-03-01T12:00:00Z').toUTCString(),
      ...init.headers,
    },
  });
}

/** A connection over a list: `first` items after a cursor. */
export function connection<T>(list: readonly T[] | (() => readonly T[])) {
  return ({ first, after }: { first: number; after?: string | null }) => {
    const all = typeof list === 'function' ? list() : list;
    if (first > 100) throw new Error('Requesting more than 100 records');
    const start = after ? Number(Buffer.from(after, 'base64').toString().slice(7)) : 0;
    const nodes = all.slice(start, start + first);
    const end = start + nodes.length;
    const endCursor = nodes.length === 0 ? null : Buffer.from(`cursor:${end}`).toString('base64');
    return { totalCount: all.length, pageInfo: { hasNextPage: end < all.length, endCursor }, nodes };
  };
}

/** GitHub's published formula: 1 + for each connection the number of its parents, by 100, rounded to the nearest. */
function costOf(document: DocumentNode, variables: Record<string, unknown>): number {
  const fragments = new Map(
    document.definitions.flatMap((d) =>
      d.kind === Kind.FRAGMENT_DEFINITION ? [[d.name.value, d] as const] : [],
    ),
  );
  const firstOf = (field: FieldNode): number | null => {
    const value = field.arguments?.find(({ name }) => name.value === 'first')?.value;
    if (value === undefined) return null;
    return value.kind === Kind.INT
      ? Number(value.value)
      : Number(variables[value.kind === Kind.VARIABLE ? value.name.value : '']);
  };
  const requestsOf = (set: SelectionSetNode | undefined, parents: number): number =>
    (set?.selections ?? []).reduce((sum, selection) => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        return sum + requestsOf(fragments.get(selection.name.value)?.selectionSet, parents);
      }
      if (selection.kind === Kind.INLINE_FRAGMENT) return sum + requestsOf(selection.selectionSet, parents);
      const first = firstOf(selection);
      const own = first === null ? 0 : parents;
      return sum + own + requestsOf(selection.selectionSet, first === null ? parents : parents * first);
    }, 0);
  const operation = document.definitions.find((d) => d.kind === Kind.OPERATION_DEFINITION);
  return Math.max(1, Math.round(requestsOf(operation?.selectionSet, 1) / 100));
}
