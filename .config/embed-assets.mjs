/**
 * Puts the page's script and style into the program as texts, since nothing may read files at run time.
 * `node .config/embed-assets.mjs DIST` writes DIST/reporting/html/assets.js; vitest takes `embedAssets` as a plugin.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MODULE = 'reporting/html/assets.js';

function renderModule() {
  const read = (name) => readFileSync(join(ROOT, 'src/reporting/html', name), 'utf8');
  const script = read('page.js');
  const style = ['page.css', 'charts.css', 'rows-table.css'].map(read).join('\n');
  return `export const PAGE_SCRIPT = ${JSON.stringify(script)};\nexport const PAGE_STYLE = ${JSON.stringify(style)};\n`;
}

/** A plugin for vitest: tests import the sources directly, where no build has written the module. */
export const embedAssets = {
  name: 'embed-assets',
  enforce: 'pre',
  resolveId: (id, importer = '') => {
    const isAssets = id === './assets.js' || id.endsWith('/assets.js');
    return isAssets && join(dirname(importer), id).endsWith(MODULE) ? '\0assets.js' : undefined;
  },
  load: (id) => (id === '\0assets.js' ? renderModule() : undefined),
};

const [, script, target] = process.argv;
if (script === fileURLToPath(import.meta.url) && target !== undefined) {
  const path = join(ROOT, target, MODULE);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, renderModule());
}
