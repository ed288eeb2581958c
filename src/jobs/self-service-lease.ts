/** The names of leases by which repositories whose own workflow asks for jobs are known, and held to one an hour. */
export const SELF_SERVICE_LEASES = 'self-service:';

export function selfServiceLease(repositoryId: number): string {
  return `${SELF_SERVICE_LEASES}${repositoryId}`;
}
