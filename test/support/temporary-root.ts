import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A folder for everything that this process and those that it starts put into the system's folder for temporary files;
 * it goes with this process, however that ends.
 */
export function makeTemporaryRoot(prefix: string): string {
  const root = mkdtempSync(join(tmpdir(), prefix));
  // A database server, which runs as another user, may pass through.
  chmodSync(root, 0o711);
  process.env.TMPDIR = root;
  process.once('exit', () => rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  return root;
}
