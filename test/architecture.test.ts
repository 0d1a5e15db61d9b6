/** The layout's invariants, as they are told in src/README.md. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');

type Source = {
  readonly path: string;
  readonly text: string;
  readonly code: string;
  readonly imports: readonly string[];
};

const sources: readonly Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(join(SRC, path), 'utf8');
    // Type-only and dynamic imports count: an arrow is an arrow.
    const found = text.matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*'([^']+)'|import\('([^']+)'\)/g,
    );
    // Words in comments are no code.
    const code = text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');
    return { path, text, code, imports: [...found].map(([, plain, dynamic]) => plain ?? dynamic ?? '') };
  });

/** Own files that a source imports, as paths below src. */
function own({ path, imports }: Source): readonly string[] {
  return imports
    .filter((name) => name.startsWith('.'))
    .map((name) => relative(SRC, resolve(SRC, dirname(path), name.replace(/\.js$/, '.ts'))))
    .filter((name) => !name.startsWith('..'));
}

/** From the bottom up: a layer may import its own files and those of the layers before it. */
const LAYERS: readonly (readonly [string, RegExp])[] = [
  ['pure', /^(resources|model|validation|events|resilience|reporting|text)\//],
  ['adapters', /^(csv|zoom|rate-limit|journal|storage|terminal)\//],
  ['engine', /^(engine\/.*|runs\/(?!find-run).*|index\.ts)$/],
  ['process', /^(cli\.ts|main\.ts|(cli|commands)\/.*|runs\/find-run\.ts)$/],
];
const layerOf = (path: string): number => LAYERS.findIndex(([, pattern]) => pattern.test(path));

const HOMES: Readonly<Record<string, RegExp>> = {
  'csv-parse': /^csv\/reader\.ts$/,
  'p-limit': /^engine\/loop\.ts$/,
  undici: /^zoom\/http-client\.ts$/,
  bottleneck: /^rate-limit\/(limiter|redis-session)\.ts$/,
  pino: /^terminal\/(terminal|logger)\.ts$/,
  commander: /^(main\.ts|cli\/(options|option-parsers|environment)\.ts)$/,
  ioredis: /^rate-limit\/redis-session\.ts$/,
};

describe('the house', () => {
  test('there is a house', () => {
    expect(sources.length).toBeGreaterThan(20);
  });

  test.each(sources.filter(({ path }) => layerOf(path) === 0))('$path is pure', (source) => {
    expect(source.imports.filter((name) => !name.startsWith('.'))).toEqual([]);
    expect(source.code).not.toMatch(
      /\b(Date\.now|Math\.random|new Date\(\)|process\.|await |setTimeout|console\.)/,
    );
  });

  test.each(
    sources.filter(({ path }) => !path.startsWith('simulator/')),
  )('$path imports downwards', (source) => {
    const layer = layerOf(source.path);
    expect(layer, `${source.path} belongs to no layer`).toBeGreaterThanOrEqual(0);
    const up = own(source).filter((to) => !to.startsWith('simulator/') && layerOf(to) > layer);
    expect(up).toEqual([]);
  });

  test('the simulator imports nothing of ours, and no package', () => {
    for (const source of sources.filter(({ path }) => path.startsWith('simulator/'))) {
      expect(own(source).filter((to) => !to.startsWith('simulator/'))).toEqual([]);
      expect(source.imports.filter((name) => !/^(\.|node:)/.test(name))).toEqual([]);
    }
  });

  test('the loop names no adapter', () => {
    const loop = sources.find(({ path }) => path === 'engine/loop.ts');
    expect(loop && own(loop).filter((to) => layerOf(to) > 0 && !to.startsWith('engine/'))).toEqual([]);
  });

  test('each package has one home', () => {
    const strays = sources.flatMap(({ path, imports }) =>
      imports
        .filter((name) => !/^(\.|node:)/.test(name))
        .filter((name) => !HOMES[name.split('/')[0] ?? '']?.test(path))
        .map((name) => `${path} imports ${name}`),
    );
    expect(strays).toEqual([]);
  });

  test('no imports run in a circle', () => {
    const arrows = new Map(sources.map((source) => [source.path, own(source)]));
    const circles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      else if (!seen.has(path)) for (const to of arrows.get(path) ?? []) visit(to, [...trail, path]);
      seen.add(path);
    };
    const seen = new Set<string>();
    for (const path of arrows.keys()) visit(path, []);
    expect(circles).toEqual([]);
  });

  test('only cli/environment reads the environment, and nothing ends the process', () => {
    for (const { path, code: text } of sources) {
      if (path !== 'cli/environment.ts') expect(text, path).not.toMatch(/process\.env\b/);
      expect(text, path).not.toMatch(/process\.(exit|abort)\(/);
    }
  });

  test('the library does not print', () => {
    const below = sources.filter(
      ({ path }) => layerOf(path) >= 0 && layerOf(path) < 3 && !path.startsWith('terminal/'),
    );
    for (const { path, text } of below)
      expect(text, path).not.toMatch(/console\.|process\.std(out|err)\.write/);
  });

  test('a file hides one decision: no utils, no types, no constants, none over 350 lines', () => {
    for (const { path, text } of sources) {
      expect(path).not.toMatch(/(^|\/)(utils?|helpers?|types|constants|common|misc)\.ts$/);
      expect(text.split('\n').length, path).toBeLessThanOrEqual(350);
    }
  });

  test('a default for a union hides a forgotten member: none stands in a switch', () => {
    for (const { path, text } of sources) expect(text, path).not.toMatch(/^\s*default:$/m);
  });
});
