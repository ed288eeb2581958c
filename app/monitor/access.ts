import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { authorize, type PermissionLevel } from '../../src/commands/permission.ts';
import type { Config } from '../../src/config/config.ts';
import { EVERYTHING, type Scope } from '../../src/monitor/scope.ts';
import type { Database } from '../../src/store/database.ts';
import { findServedRepository } from '../../src/store/find-repository.ts';
import { askPermission } from '../ask-permission.ts';
import { carriesToken } from '../bearer-token.ts';
import type { GitHubApp } from '../github-app.ts';
import { isLocalRequest } from '../is-local-request.ts';
import type { Session, Sessions } from './sessions.ts';
import { createVisibility } from './visibility.ts';

/** Who looks at the monitor, and what that person may see. */
export interface Viewer {
  /** `token`: MONITOR_TOKEN; `local`: a browser on this machine, in the demo alone. Neither may change anything. */
  kind: 'person' | 'token' | 'local';
  person: { id: number; login: string } | null;
  /** Of the session; a change must bring it along. */
  csrf: string | null;
  scope: Scope;
  /** In the control repository. Null: it could not be verified. */
  level: PermissionLevel | null;
  /** The rollout's own state, its history and its cost, as `/rollout status` would answer. */
  maySeeRollout: boolean;
}

/** Null: it could not be verified. */
type AskLevel = () => Promise<PermissionLevel | null>;

/** Levels are asked anew for each change; for looking, one may be this old. */
const LEVEL_KEPT_MS = 30_000;

/** Decides who may see the monitor. */
export function createAccess(options: {
  db: Database;
  config: Pick<Config, 'control' | 'github' | 'tokens'>;
  app: GitHubApp;
  sessions: Sessions;
  /** The demo: browsers on this machine may look without signing in. */
  isOpenLocally: boolean;
}) {
  const { db, config, app, sessions } = options;
  const visibility = createVisibility(config.github);
  const levels = new Map<number, { at: number; level: Promise<PermissionLevel | null> }>();

  /**
   * A way to ask for a person's level in the control repository, anew at each call. The database is read before, not by the
   * call: it is made inside a transaction too, where another handle would wait for ever.
   */
  const openLevel = async (person: { id: number; login: string }): Promise<AskLevel> => {
    const { control } = config;
    const repository = control && (await findServedRepository(db, `${control.owner}/${control.repo}`));
    if (!control || !repository) return async () => null;
    const octokit = await app.installation(repository.installationId);
    return () => askPermission(octokit, control, person);
  };
  const recentLevelOf = (person: { id: number; login: string }) => {
    const known = levels.get(person.id);
    if (known && Date.now() - known.at < LEVEL_KEPT_MS) return known.level;
    if (levels.size > 1_000) levels.clear();
    const level = openLevel(person).then((ask) => ask());
    levels.set(person.id, { at: Date.now(), level });
    level.catch(() => levels.delete(person.id));
    return level;
  };

  const viewerOf = async (session: Extract<Session, { kind: 'person' }>): Promise<Viewer> => {
    const { id, login, csrf, token } = session;
    const person = { id, login };
    const repositoryIds = await visibility.repositoriesOf(token);
    const asked = config.control ? await recentLevelOf(person) : null;
    // Without a control repository reads are answered to whoever sees a captured one.
    const level = config.control ? asked : repositoryIds.length > 0 ? 'triage' : 'none';
    return {
      kind: 'person',
      person,
      csrf,
      scope: { kind: 'some', repositoryIds },
      level,
      maySeeRollout: authorize(level, 'triage'),
    };
  };

  return {
    openLevel,
    forget: (session: Session): void => {
      if (session.kind === 'person') visibility.forget(session.token);
    },
    /** A new session's check value. */
    newCsrf: (): string => randomBytes(24).toString('base64url'),
    /** Null: nobody who may see anything. Throws GitHubAwayError, SignInEndedError. */
    async find(request: IncomingMessage): Promise<Viewer | null> {
      const { monitor } = config.tokens;
      if (monitor !== null && carriesToken(request, monitor)) return tokenViewer();
      const session = await sessions.read(request);
      if (session?.kind === 'person') return viewerOf(session);
      if (session && monitor !== null && session.digest === digestOf(monitor)) return tokenViewer();
      if (options.isOpenLocally && isLocalRequest(request)) return { ...tokenViewer(), kind: 'local' };
      return null;
    },
  };
}

export type Access = ReturnType<typeof createAccess>;

/** Tells tokens apart without holding them. */
export function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

function tokenViewer(): Viewer {
  return {
    kind: 'token',
    person: null,
    csrf: null,
    scope: EVERYTHING,
    level: 'triage',
    maySeeRollout: true,
  };
}
