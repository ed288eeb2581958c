import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

const Manifest = z.object({
  default_permissions: z.record(z.string(), z.enum(['read', 'write'])),
  default_events: z.array(z.string()),
});

/** What the App must be granted and subscribed to, as `app.yml` asks for it. */
export function readManifest(): z.infer<typeof Manifest> {
  return Manifest.parse(parse(readFileSync(new URL('../app.yml', import.meta.url), 'utf8')));
}
