import { createHash } from 'node:crypto';
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
  /** A GraphQL document, or `GET` and the path of a REST call. */
  query: string;
  variables: Record<string, unknown>;
  /** Of a REST call the path without its query. */
  operation: string;
  /** Points by GitHub's formula; 0 for REST, which has a budget of its own. */
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

/** The schema's root fields, and REST's lists by their path. */
export interface FakeRoot extends Record<string, unknown> {
  lists: Record<string, () => readonly Record<string, unknown>[]>;
}

const documents = new Map<string, DocumentNode>();

/** GraphQL executed against the official schema over plain objects: connections are functions of their arguments. */
export function createFakeGitHub(root: FakeRoot, fault: Fault = () => undefined): FakeGitHub {
  const requests: FakeRequest[] = [];
  let points = 0;
  return {
    requests,
    points: () => points,
    async fetch(url, init) {
      if (init.method !== 'POST') {
        const { pathname, searchParams } = new URL(url);
        const headers = new Headers(init.headers);
        const call = { query: `GET ${pathname}`, variables: {}, operation: pathname, cost: 0, headers };
        requests.push(call);
        return (await fault(call, requests.length - 1)) ?? answerList(root, pathname, searchParams, headers);
      }
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

/** A page of a list of the REST API: `since`, `sort=updated`, `per_page` and `page`, a `Link` to the next, an ETag. */
function answerList(root: FakeRoot, path: string, query: URLSearchParams, headers: Headers): Response {
  const list = root.lists[path];
  if (list === undefined) return answer('{"message":"Not Found"}', { status: 404 });
  const since = Date.parse(query.get('since') ?? '') || 0;
  const all = list().filter(({ updated_at: at }) => Date.parse(String(at)) >= since);
  if (query.get('sort') === 'updated') {
    all.sort(
      (a, b) => String(a.updated_at).localeCompare(String(b.updated_at)) || Number(a.id) - Number(b.id),
    );
  }
  const [size, page] = [Number(query.get('per_page')), Number(query.get('page') ?? 1)];
  const items = all.slice((page - 1) * size, page * size);
  const etag = `"${createHash('sha256').update(JSON.stringify(items)).digest('hex')}"`;
  if (headers.get('if-none-match') === etag) return answer('', { status: 304, headers: { etag } });
  const next = new URLSearchParams(query);
  next.set('page', String(page + 1));
  const link = `<https://github.test${path}?${next}>; rel="next"`;
  return answer(items, { headers: { etag, ...(page * size < all.length && { link }) } });
}

export function answer(
  body: unknown,
  init: { status?: number; headers?: Record<string, string> } = {},
): Response {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return new Response(init.status === 304 ? null : text, {
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
