import { isIP } from 'node:net';
import type { Config } from '../config/config.ts';
import type { RouteContext } from './decide-route.ts';

/** Why bulk work can't run in GitHub Actions, and what would change it. */
export const BULK_UNAVAILABLE = {
  no_capture_workflow:
    'CAPTURE_WORKFLOW is not set: set it to owner/repo/.github/workflows/bulk-capture.yml@branch',
  not_installed_on_jobs_repository:
    'the App is not installed on the repository of CAPTURE_WORKFLOW: install it there, with Actions write permission',
  no_public_url: 'PUBLIC_URL is not set: set it to the origin at which a runner reaches this app',
  public_url_unreachable:
    'PUBLIC_URL is a loopback or private address, which runners of this GitHub cannot reach: set a public origin',
  private_repository_in_public_jobs_repository:
    'a private repository would run in a public jobs repository: make the repository of CAPTURE_WORKFLOW private',
} as const;

export type BulkUnavailableReason = keyof typeof BULK_UNAVAILABLE;

/** The jobs repository (that of CAPTURE_WORKFLOW) as the App's installation sees it; null: not installed there. */
export type JobsRepositoryVisibility = 'public' | 'private' | 'internal' | null;

/**
 * Judges from configuration alone whether the work of a repository may run in GitHub Actions; nothing is probed.
 * An internal jobs repository is visible to all of the enterprise, and counts as private.
 */
export function bulkAvailability(
  config: Pick<Config, 'bulk' | 'http' | 'github'>,
  repository: { isPrivate: boolean },
  jobsRepositoryVisibility: JobsRepositoryVisibility,
): RouteContext['bulk'] {
  const reason = findReason(config, repository, jobsRepositoryVisibility);
  return reason === null ? { available: true } : { available: false, reason };
}

function findReason(
  { bulk, http, github }: Pick<Config, 'bulk' | 'http' | 'github'>,
  repository: { isPrivate: boolean },
  jobsRepositoryVisibility: JobsRepositoryVisibility,
): BulkUnavailableReason | null {
  if (bulk.workflow === null) return 'no_capture_workflow';
  if (jobsRepositoryVisibility === null) return 'not_installed_on_jobs_repository';
  if (http.publicUrl === null) return 'no_public_url';
  if (isLocalHost(http.publicUrl.hostname) && !isLocalHost(new URL(github.webUrl).hostname)) {
    return 'public_url_unreachable';
  }
  if (repository.isPrivate && jobsRepositoryVisibility === 'public') {
    return 'private_repository_in_public_jobs_repository';
  }
  return null;
}

/** A reason's sentence with its cure; an unknown code as it is. */
export function explainBulkReason(reason: string): string {
  return BULK_UNAVAILABLE[reason as BulkUnavailableReason] ?? reason;
}

/**
 * Whether a host, as `URL.hostname` gives it, is loopback, private or link-local by its address, or a name that
 * only a local network knows.
 * Sources: RFC 1918, RFC 6598 (100.64/10), RFC 3927, RFC 4193 (fc00::/7), RFC 4291, RFC 6761 (localhost), RFC 6762 (.local),
 * RFC 8375 (home.arpa), ICANN's reserved `.internal`.
 */
export function isLocalHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (isIP(host) === 4) return isLocalIpv4(host);
  if (isIP(host) === 6) return isLocalIpv6(host);
  return !host.includes('.') || /\.(localhost|local|internal|lan|home\.arpa)$/.test(host);
}

function isLocalIpv4(address: string): boolean {
  const [a = 0, b = 0] = address.split('.').map(Number);
  return (
    a === 0 ||
    a === 10 ||
    a === 127 ||
    (a === 100 && b >= 64 && b <= 127) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b <= 31) ||
    (a === 192 && b === 168)
  );
}

/** `URL` writes IPv6 in its shortest form, and IPv4-mapped addresses as two hexadecimal groups. */
function isLocalIpv6(address: string): boolean {
  if (address === '::' || address === '::1') return true;
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(address);
  if (mapped) {
    const bits = Number.parseInt(mapped[1] ?? '', 16) * 65_536 + Number.parseInt(mapped[2] ?? '', 16);
    return isLocalIpv4([bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255].join('.'));
  }
  return /^f[cd]|^fe[89ab]/.test(address);
}
