#!/usr/bin/env node
// As much of `inngest dev` as `npm run dev` needs: it listens where it is told, is healthy, and ends on a signal.
import { createServer } from 'node:http';

const args = process.argv.slice(2);
const port = Number(args[args.indexOf('--port') + 1]);
process.stdout.write(`started with ${args.join(' ')}\n`);
createServer((_request, response) => response.end('{}')).listen(port, '127.0.0.1');
