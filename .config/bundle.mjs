/**
 * `npm run bundle`: the command and all its packages as one file, bundle/zoom-im-groups.cjs, which needs nothing but
 * Node. The licences of what is inside are in a file beside it. `node .config/bundle.mjs DIR` writes to that folder.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TARGET = resolve(ROOT, process.argv[2] ?? 'bundle');
const FILE = join(TARGET, 'zoom-im-groups.cjs');
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** The program reads its version and its Node from package.json, which a single file has not beside it. */
const inlineManifest = {
  name: 'inline-manifest',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/]dist[\\/](cli|storage[\\/]version)\.js$/ }, ({ path }) => {
      const { version, engines } = manifest;
      const text = readFileSync(path, 'utf8');
      const read = /createRequire\(import\.meta\.url\)\(["'][./]+package\.json["']\)/;
      if (!read.test(text)) throw new Error(`${path} does not read package.json as expected`);
      return { contents: text.replace(read, `(${JSON.stringify({ version, engines })})`), loader: 'js' };
    });
  },
};

mkdirSync(TARGET, { recursive: true });
const { metafile } = await build({
  absWorkingDir: ROOT,
  entryPoints: ['dist/cli.js'],
  outfile: FILE,
  bundle: true,
  platform: 'node',
  target: `node${manifest.engines.node.replace(/[^\d.]/g, '')}`,
  format: 'cjs',
  legalComments: 'none',
  metafile: true,
  plugins: [inlineManifest],
});
chmodSync(FILE, 0o755);
writeFileSync(`${FILE}.LICENSES.txt`, collectLicenses(Object.keys(metafile.inputs)));

function collectLicenses(inputs) {
  const folders = inputs.map((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  return ['.', ...new Set(folders.filter(Boolean))].sort().map(readLicense).join(`\n${'-'.repeat(80)}\n\n`);
}

function readLicense(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
  const file = readdirSync(join(ROOT, folder)).find((one) => /^licen[cs]e/i.test(one));
  const text = file ? readFileSync(join(ROOT, folder, file), 'utf8').trim() : `License: ${license}`;
  return `${name} ${version} (${license})\n\n${text}\n`;
}
