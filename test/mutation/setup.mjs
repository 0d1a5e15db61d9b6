/** In each test file: which mutant is active, and which ones the file comes across. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, inject } from 'vitest';

const active = inject('mutant');
const folder = inject('hitsFolder');
const hits = new Set();

globalThis.__mutant = (id) => {
  if (active === -1) hits.add(id);
  return id === active;
};

afterAll(() => {
  if (active !== -1) return;
  const { testPath } = expect.getState();
  const file = `${testPath.replace(/\W+/g, '_')}.json`;
  writeFileSync(join(folder, file), JSON.stringify({ testPath, hits: [...hits] }));
});
