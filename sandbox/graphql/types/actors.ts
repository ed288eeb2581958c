import type { Actor } from '../../world/model.ts';
import { nodeIdOf } from '../../world/node-id.ts';
import type { Resolvers } from '../resolver.ts';

const actor: Resolvers<Actor> = {
  id: nodeIdOf,
  databaseId: (source) => source.id,
  login: (source) => source.login,
  avatarUrl: (source, _args, { webUrl }) => `${webUrl}/avatars/u/${source.id}?v=4`,
  resourcePath: (source) => `/${source.kind === 'Bot' ? 'apps/' : ''}${source.login}`,
  url: (source, _args, { webUrl }) => `${webUrl}/${source.kind === 'Bot' ? 'apps/' : ''}${source.login}`,
};
const named: Resolvers<Actor> = { ...actor, name: (source) => source.name };

/** Accounts. A bot has no name and a mannequin none either, by the schema. */
export const ACTOR_TYPES = { User: named, Organization: named, Bot: actor, Mannequin: actor };
