/** Preloaded into a process: leaves its peak resident memory, in bytes, in the file that `BENCH_PEAK_FILE` names. */
import { writeFileSync } from 'node:fs';

process.on('exit', () => {
  // Of the whole life of the process; Linux and macOS count in kilobytes here, as Node's documentation says.
  writeFileSync(process.env.BENCH_PEAK_FILE ?? '', String(process.resourceUsage().maxRSS * 1024));
});
