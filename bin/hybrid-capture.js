#!/usr/bin/env node
// In a checkout the TypeScript sources run as they are; the published package holds them compiled.
import { existsSync } from 'node:fs';

const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(
    `hybrid-capture needs Node 24 or later, this is ${process.version}: run it as "npx hybrid-capture" after "npm ci", which brings Node 24.\n`,
  );
  process.exitCode = 1;
} else {
  const source = new URL('../cli/main.ts', import.meta.url);
  const { main } = await import(existsSync(source) ? source.href : '../build/cli/main.js');
  process.exitCode = await main(process.argv.slice(2));
}
