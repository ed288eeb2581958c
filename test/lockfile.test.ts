import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface LockedPackage {
  optionalDependencies?: Record<string, string>;
}

const read = (name: string) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));
const packages: Record<string, LockedPackage> = read('package-lock.json').packages;

/** Where npm looks for a package that another one, at this path, asks for. */
function isLocked(from: string, name: string): boolean {
  for (let at = from; ; at = at.slice(0, at.lastIndexOf('/node_modules/'))) {
    if (`${at}/node_modules/${name}` in packages) return true;
    if (!at.includes('/node_modules/')) return `node_modules/${name}` in packages;
  }
}

// `npm ci` refuses a lock file that lacks one of them, also where that platform's package would not be installed.
it('the lock file holds every optional package of every platform', () => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !isLocked(path, name)),
  );
  expect(missing).toEqual([]);
});

it('the lock file names the versions of package.json', () => {
  const { dependencies, devDependencies } = read('package.json');
  expect(packages['']).toMatchObject({ dependencies, devDependencies });
});
