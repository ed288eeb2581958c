import { canSee, type Grant, hasPermission } from '../access/grant.ts';
import type { Answer, RequestInfo } from '../http/request.ts';
import type { Sandbox } from '../sandbox.ts';
import type { Permission, Repository } from '../world/model.ts';

/** What a REST handler is given. */
export interface Call {
  readonly sandbox: Sandbox;
  readonly request: RequestInfo;
  readonly grant: Grant;
  /** Values of the path's parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
}

export type Handler = (call: Call) => Answer | Promise<Answer>;

export interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  readonly names: readonly string[];
  readonly handler: Handler;
  /** Answered without a token. */
  readonly isOpen: boolean;
}

/** An answer other than success; thrown by handlers. */
export class HttpError extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly extra: object;
  constructor(status: number, message: string, extra: object = {}, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.extra = extra;
    this.headers = headers;
  }
}

export const notFound = (): HttpError => new HttpError(404, 'Not Found');

/** `'GET /repos/{owner}/{repo}/contents/{path*}'`; a parameter with `*` takes the rest of the path. */
export function route(definition: string, handler: Handler, isOpen = false): Route {
  const [method = '', template = ''] = definition.split(' ');
  const names: string[] = [];
  const pattern = template.replace(/\{(\w+)(\*?)\}/g, (_all, name: string, rest: string) => {
    names.push(name);
    return rest ? '(.+)' : '([^/]+)';
  });
  return { method, pattern: new RegExp(`^${pattern}$`), names, handler, isOpen };
}

/**
 * The repository of the path, with the permission that the call needs: 404 when the token does not see
 * it, 403 when it lacks the permission.
 */
export function repositoryOf(call: Call, permission: string, level: Permission = 'read'): Repository {
  const { owner = '', repo = '' } = call.params;
  return permitted(call, call.sandbox.world.repository(owner, repo), permission, level);
}

export function permitted(
  { grant }: Call,
  repository: Repository | undefined,
  permission: string,
  level: Permission = 'read',
): Repository {
  if (!repository || !canSee(grant, repository)) throw notFound();
  const wanted = permission.split('|');
  if (!wanted.some((name) => hasPermission(grant, name, level))) {
    throw new HttpError(
      403,
      'Resource not accessible by integration',
      {},
      { 'x-accepted-github-permissions': wanted.map((name) => `${name}=${level}`).join('; ') },
    );
  }
  return repository;
}

/** The number in the path, or 404. */
export function numberParam({ params }: Call, name: string): number {
  const text = params[name] ?? '';
  if (!/^\d+$/.test(text)) throw notFound();
  return Number(text);
}

/** A page of a list with GitHub's `Link` header; `per_page` 1 to 100 (default 30), `page` from 1. */
export function paginate<T>(
  { request, sandbox }: Call,
  items: readonly T[],
  represent: (item: T) => unknown,
): Answer {
  const whole = (name: string, fallback: number) => {
    const text = request.query.get(name);
    return text !== null && /^\d+$/.test(text) && Number(text) > 0 ? Number(text) : fallback;
  };
  const perPage = Math.min(100, whole('per_page', 30));
  const page = whole('page', 1);
  const last = Math.max(1, Math.ceil(items.length / perPage));
  const link = (target: number, rel: string) => {
    const query = new URLSearchParams(request.query);
    query.set('page', String(target));
    return `<${sandbox.apiUrl}${request.path}?${query}>; rel="${rel}"`;
  };
  const links: string[] = [];
  if (page > 1) links.push(link(Math.min(page - 1, last), 'prev'));
  if (page < last) links.push(link(page + 1, 'next'), link(last, 'last'));
  if (page > 1) links.push(link(1, 'first'));
  return {
    status: 200,
    ...(links.length > 0 ? { headers: { link: links.join(', ') } } : {}),
    body: items.slice((page - 1) * perPage, page * perPage).map(represent),
  };
}
