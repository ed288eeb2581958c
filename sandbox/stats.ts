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
