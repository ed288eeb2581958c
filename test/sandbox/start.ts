import { type RunningSandbox, type SandboxOptions, startSandbox } from '../../sandbox/github.ts';
import { addInstallation, addRepository } from '../../sandbox/world/build.ts';
import type { Installation, Repository } from '../../sandbox/world/model.ts';

export interface TestGithub {
  sandbox: RunningSandbox;
  repository: Repository;
  installation: Installation;
  /** A token of the installation. */
  token: string;
  query(query: string, variables?: object, token?: string): Promise<GraphqlAnswer>;
  rest(
    path: string,
    init?: { method?: string; body?: unknown; token?: string; headers?: Record<string, string> },
  ): Promise<RestAnswer>;
}

export interface GraphqlAnswer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the shape is the query's own.
  data: any;
  errors: { type?: string; code?: string; message: string; path?: unknown[] }[] | undefined;
  /** The body of an answer that is not GraphQL's, such as a refusal. */
  message: string | undefined;
}

export interface RestAnswer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the shape is the call's own.
  body: any;
}

/** A local GitHub with one repository `acme/web`, on which the App is installed. */
export async function startGithub(options: SandboxOptions = {}): Promise<TestGithub> {
  const sandbox = await startSandbox(options);
  const { world, app, tokens } = sandbox;
  const repository = addRepository(world, 'acme/web');
  const installation = addInstallation(
    world,
    repository.owner,
    [repository],
    app.permissions,
    '2024-01-01T00:00:00Z',
  );
  const { repositoryIds, permissions } = installation;
  const { token } = tokens.issueInstallationToken(installation, { repositoryIds, permissions });
  return {
    ...{ sandbox, repository, installation, token },
    async query(query, variables = {}, bearer = token) {
      const response = await fetch(sandbox.graphqlUrl, {
        method: 'POST',
        headers: { authorization: `bearer ${bearer}` },
        body: JSON.stringify({ query, variables }),
      });
      const body = JSON.parse(await response.text());
      return { ...body, status: response.status, headers: response.headers };
    },
    async rest(path, { method = 'GET', body, token: bearer = token, headers = {} } = {}) {
      const response = await fetch(sandbox.apiUrl + path, {
        method,
        headers: { authorization: `bearer ${bearer}`, ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        body: text === '' ? undefined : JSON.parse(text),
      };
    },
  };
}
