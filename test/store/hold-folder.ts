import { openPglite } from '../../src/store/open-pglite.ts';

/** Run as a process of its own: opens the folder, says so or why not, and holds it until it is killed. */
const [dataDir = ''] = process.argv.slice(2);
try {
  await openPglite({ dataDir });
  process.stdout.write('open\n');
  setInterval(() => {}, 1_000);
} catch (error) {
  process.stdout.write(`${error instanceof Error ? `${error.name}: ${error.message}` : error}\n`);
}
