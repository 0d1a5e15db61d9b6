/** A journal that somebody has edited: it is read, or refused in words; never a defect. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { EXIT, FatalError } from '../../src/model/stop.js';
import { readRunState, writeReports } from '../../src/runs/write-reports.js';
import { command, file, folder } from '../support/command.js';

type Line = Record<string, unknown>;

let lines: readonly Line[];
beforeAll(async () => {
  const cwd = folder();
  const text = `name,type\n${Array.from({ length: 20 }, (_, i) => `Group ${i},shared\n`).join('')}Everyone,\n`;
  const args = ['apply', file(text), '--simulate', '--out', 'r', '--rate', '300', '--seed', '3'];
  await command(
    [...args, '--fault', '503:0.2', '--fault', '429:0.3', '--max-failures', '1', '--fault', '400:0.2'],
    { cwd },
  );
  const journal = readFileSync(join(cwd, 'r/journal.ndjson'), 'utf8');
  lines = journal
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
});

/** Every place in a line where a value stands. */
function places(value: Line, before: readonly string[] = []): readonly (readonly string[])[] {
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...before, key];
    const isObject = typeof inner === 'object' && inner !== null && !Array.isArray(inner);
    return isObject ? [here, ...places(inner as Line, here)] : [here];
  });
}

function edited(line: Line, [key = '', ...rest]: readonly string[], value: unknown): Line {
  return { ...line, [key]: rest.length === 0 ? value : edited(line[key] as Line, rest, value) };
}

async function isReadOrRefused(journal: readonly unknown[], why: string): Promise<void> {
  const run = folder();
  mkdirSync(run, { recursive: true });
  writeFileSync(join(run, 'journal.ndjson'), journal.map((line) => `${JSON.stringify(line)}\n`).join(''));
  try {
    await writeReports(run, await readRunState(run));
  } catch (error) {
    expect(error, why).toBeInstanceOf(FatalError);
    if (error instanceof FatalError) expect(error.stop.exit, why).toBe(EXIT.usage);
  }
}

test('with a value of another type in any place', async () => {
  const kinds = new Set(lines.map(({ e }) => e));
  expect(kinds.size).toBeGreaterThan(8);
  for (const kind of kinds) {
    const at = lines.findIndex(({ e }) => e === kind);
    const line = lines[at] ?? {};
    for (const place of places(line)) {
      for (const value of [5, null, 'x', '', {}]) {
        const journal = lines.with(at, edited(line, place, value));
        await isReadOrRefused(journal, `${kind}: ${place.join('.')} = ${JSON.stringify(value)}`);
      }
    }
  }
}, 60_000);

test('with lines left out, doubled, or in another order', async () => {
  for (const at of lines.keys()) {
    await isReadOrRefused(lines.toSpliced(at, 1), `without line ${at + 1}`);
    await isReadOrRefused(lines.toSpliced(at, 0, lines[at] ?? {}), `line ${at + 1} twice`);
  }
  await isReadOrRefused([lines[0], ...lines.slice(1).reverse()], 'backwards');
}, 60_000);
