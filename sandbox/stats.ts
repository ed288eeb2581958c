/** A request that was asked, and what became of it. Times are the sandbox's clock's, milliseconds since 1970. */
export interface RequestRecord {
  /** From 1, over everything that the server was asked. */
  readonly number: number;
  readonly kind: 'graphql' | 'rest' | 'oidc';
  readonly method: string;
  readonly path: string;
  readonly arrivedAt: number;
  /** When the last of the answer was handed over; null while it is under way. */
  answeredAt: number | null;
  /** HTTP status; null where the connection was cut instead. */
  status: number | null;
  /** Whose budget it drew on: an installation, a user, a run. */
  bucket: string | null;
  /** Milliseconds of the service time model; 0 for what was refused or met a fault. */
  serviceMs: number;
  /** GraphQL points charged. */
  points: number;
  /** A primary or secondary limit refused it. */
  isRefused: boolean;
  /** It met a fault on request. */
  isFault: boolean;
}

/** What the local GitHub was asked for, by installation or user. */
export interface Usage {
  graphqlRequests: number;
  /** GraphQL points charged. */
  points: number;
  restRequests: number;
  /** 304 answers, which cost nothing of the primary limit. */
  notModified: number;
  /** Requests that a limit refused. */
  refused: number;
  /** Requests that met a fault on request. */
  faults: number;
  /** Milliseconds of the service time model. */
  serviceMs: number;
}

export interface Statistics {
  add(bucket: string, what: Partial<Usage>): void;
  /** The sum over everybody. */
  total(): Usage;
  by(): Record<string, Usage>;
}

const EMPTY: Usage = {
  graphqlRequests: 0,
  points: 0,
  restRequests: 0,
  notModified: 0,
  refused: 0,
  faults: 0,
  serviceMs: 0,
};
const KEYS = Object.keys(EMPTY) as (keyof Usage)[];

export function createStatistics(): Statistics {
  const usages = new Map<string, Usage>();
  const plus = (usage: Usage, what: Partial<Usage>) => {
    for (const key of KEYS) usage[key] += what[key] ?? 0;
    return usage;
  };
  return {
    add: (bucket, what) => void usages.set(bucket, plus(usages.get(bucket) ?? { ...EMPTY }, what)),
    total: () => [...usages.values()].reduce(plus, { ...EMPTY }),
    by: () => Object.fromEntries([...usages].map(([bucket, usage]) => [bucket, { ...usage }])),
  };
}
