#!/usr/bin/env node
/** Checks Node's version before anything is loaded that an old one can't parse; this file must stay parsable. */
import { createRequire } from 'node:module';

const { engines } = createRequire(import.meta.url)('../package.json') as { engines: { node: string } };
const needed = engines.node.replace(/[^\d.]/g, '');

if (isOlder(process.versions.node, needed)) {
  process.stderr.write(
    `zoom-im-groups needs Node.js ${needed} or later, this is ${process.versions.node}: see https://nodejs.org\n`,
  );
  process.exitCode = 2;
} else {
  void import('./main.js').then(({ main }) => main(process.argv));
}

function isOlder(version: string, than: string): boolean {
  const parts = version.split('.').map(Number);
  const floor = than.split('.').map(Number);
  const differs = floor.findIndex((part, i) => part !== parts[i]);
  return differs >= 0 && (parts[differs] || 0) < (floor[differs] || 0);
}
