/** The rules of the layout, which src/README.md explains. */
import { expect, test } from 'vitest';
import { ACCOUNT_PLANS, APIS, BODY_CHOICES } from '../src/model/choices.js';
import { findCycles, readSourceFiles, type SourceFile } from './support/source-files.js';

const sources = readSourceFiles();

/** From the bottom up: a file imports from its own layer and those before it. */
const LAYERS: readonly (readonly [string, RegExp])[] = [
  ['pure', /^(resources|model|validation|events|resilience|reporting|text)\//],
  ['adapters', /^(csv|zoom|rate-limit|journal|storage|terminal)\//],
  ['engine', /^(engine|runs)\//],
  ['process', /^(cli\.ts|main\.ts|index\.ts|(cli|commands|doctor|library)\/.*)$/],
];

function findLayer(path: string): number {
  return LAYERS.findIndex(([, pattern]) => pattern.test(path));
}

const isSimulator = ({ path }: SourceFile): boolean => path.startsWith('simulator/');
const isPure = ({ path }: SourceFile): boolean => findLayer(path) === 0;

/** The only files that may import a package: if it is replaced, nothing else changes. */
const PACKAGE_HOMES: Readonly<Record<string, RegExp>> = {
  'csv-parse': /^csv\/reader\.ts$/,
  'p-limit': /^engine\/loop\.ts$/,
  undici: /^zoom\/http-client\.ts$/,
  bottleneck: /^rate-limit\/(local-limiter|redis-session)\.ts$/,
  pino: /^terminal\/(terminal|logger)\.ts$/,
  commander: /^(main\.ts|cli\/options\/\w+(-\w+)*\.ts)$/,
  ioredis: /^rate-limit\/redis-session\.ts$/,
};

/** `PATH: what` for each of a file's items that are not allowed. */
function findViolations(
  files: readonly SourceFile[],
  itemsOf: (file: SourceFile) => readonly string[],
  isAllowed: (item: string, file: SourceFile) => boolean = () => false,
): readonly string[] {
  return files.flatMap((file) =>
    itemsOf(file)
      .filter((item) => !isAllowed(item, file))
      .map((item) => `${file.path}: ${item}`),
  );
}

test('the sources were found and parsed', () => {
  expect(sources.length).toBeGreaterThan(100);
  expect(sources.flatMap(({ imports }) => imports).length).toBeGreaterThan(500);
  const paths = new Set(sources.map(({ path }) => path));
  const unknown = findViolations(
    sources,
    ({ imports }) => imports,
    (to) => paths.has(to) || to === 'reporting/html/assets.ts',
  );
  expect(unknown).toEqual([]);
});

test('every file belongs to a layer', () => {
  const homeless = sources.filter((file) => !isSimulator(file) && findLayer(file.path) === -1);
  expect(homeless.map(({ path }) => path)).toEqual([]);
});

test('imports point down or stay within a layer', () => {
  const isDown = (to: string, { path }: SourceFile): boolean => findLayer(to) <= findLayer(path);
  expect(
    findViolations(
      sources.filter((file) => !isSimulator(file)),
      (file) => file.imports,
      isDown,
    ),
  ).toEqual([]);
});

test('only the process layer imports the simulator', () => {
  const below = sources.filter((file) => !isSimulator(file) && findLayer(file.path) < LAYERS.length - 1);
  const toSimulator = (file: SourceFile): readonly string[] =>
    file.imports.filter((to) => to.startsWith('simulator/'));
  expect(findViolations(below, toSimulator)).toEqual([]);
});

test('the simulator imports nothing of ours, and no package', () => {
  const simulator = sources.filter(isSimulator);
  expect(
    findViolations(
      simulator,
      (file) => file.imports,
      (to) => to.startsWith('simulator/'),
    ),
  ).toEqual([]);
  expect(
    findViolations(
      simulator,
      (file) => file.packages,
      (name) => name.startsWith('node:'),
    ),
  ).toEqual([]);
});

test('the engine imports no adapter', () => {
  const engine = sources.filter(({ path }) => path.startsWith('engine/'));
  const isOwnOrPure = (to: string): boolean => to.startsWith('engine/') || findLayer(to) === 0;
  expect(findViolations(engine, (file) => file.imports, isOwnOrPure)).toEqual([]);
});

test('only the registry and the process layer know which resources there are', () => {
  const isFree = ({ path }: SourceFile): boolean =>
    path.startsWith('resources/') || path === 'runs/resource-registry.ts' || findLayer(path) === 3;
  const others = sources.filter((file) => !isSimulator(file) && !isFree(file));
  const toOneResource = (file: SourceFile): readonly string[] =>
    file.imports.filter((to) => /^resources\/(groups|members)\//.test(to));
  expect(findViolations(others, toOneResource)).toEqual([]);
});

test('no imports form a cycle, neither of files nor of folders', () => {
  const files = new Map(sources.map(({ path, imports }) => [path, new Set(imports)]));
  const folders = new Map<string, Set<string>>();
  const folderOf = new Map(sources.map(({ path, folder }) => [path, folder]));
  for (const { folder, imports } of sources) {
    const targets = folders.get(folder) ?? new Set();
    folders.set(folder, targets);
    for (const to of imports.map((path) => folderOf.get(path) ?? folder)) if (to !== folder) targets.add(to);
  }
  expect(findCycles(files)).toEqual([]);
  expect(findCycles(folders)).toEqual([]);
});

test('a folder has at most 12 files; three stand in src itself', () => {
  const counts = new Map<string, number>();
  for (const { folder } of sources) counts.set(folder, (counts.get(folder) ?? 0) + 1);
  expect([...counts].filter(([, count]) => count > 12)).toEqual([]);
  const loose = sources.filter(({ folder }) => folder === '.').map(({ path }) => path);
  expect(loose).toEqual(['cli.ts', 'index.ts', 'main.ts']);
});

test('a file holds one decision: at most 350 lines, and its name is no collection', () => {
  expect(sources.filter(({ lines }) => lines > 350).map(({ path, lines }) => `${path}: ${lines}`)).toEqual(
    [],
  );
  const isCollection = ({ path }: SourceFile): boolean =>
    /(^|\/)(utils?|helpers?|types|constants|common|misc|shared)(\.ts$|\/)/.test(path);
  expect(sources.filter(isCollection).map(({ path }) => path)).toEqual([]);
});

test('pure folders have no clock, no chance, no input or output, and no package', () => {
  const pure = sources.filter(isPure);
  expect(findViolations(pure, (file) => file.packages)).toEqual([]);
  const isImpure = (name: string): boolean =>
    /^(Date\.now|Math\.random|(process|console|performance|crypto)\..*|fetch|set(Timeout|Interval|Immediate)|queueMicrotask)$/.test(
      name,
    );
  expect(findViolations(pure, (file) => file.globals.filter(isImpure))).toEqual([]);
  // A session reads its rows lazily, so that it may wait for the next one; nothing else that is pure waits.
  const isLazyRows = (item: string, { path }: SourceFile): boolean =>
    item === 'await' && /^resources\/\w+\/(session|rollback)\.ts$/.test(path);
  const constructs = (file: SourceFile): readonly string[] =>
    file.constructs.filter((item) => item === 'await' || item === 'new Date()');
  expect(findViolations(pure, constructs, isLazyRows)).toEqual([]);
});

test('each package has one home', () => {
  const isHome = (name: string, { path }: SourceFile): boolean =>
    name.startsWith('node:') || (PACKAGE_HOMES[name.split('/')[0] ?? '']?.test(path) ?? false);
  expect(findViolations(sources, (file) => file.packages, isHome)).toEqual([]);
});

test('one file reads the environment, and nothing ends the process', () => {
  const isEnvironment = ({ path }: SourceFile): boolean => path === 'cli/options/environment.ts';
  const reads = (file: SourceFile): readonly string[] =>
    file.globals.filter((name) => name === 'process.env');
  expect(findViolations(sources, reads, (_, file) => isEnvironment(file))).toEqual([]);
  const ends = (file: SourceFile): readonly string[] =>
    file.globals.filter((name) => /^process\.(exit|abort|reallyExit)$/.test(name));
  expect(findViolations(sources, ends)).toEqual([]);
  expect(findViolations(sources, (file) => file.packages.filter((name) => name === 'node:process'))).toEqual(
    [],
  );
});

test('the library prints nothing, nor does anything that it leads to', () => {
  const byPath = new Map(sources.map((file) => [file.path, file]));
  const reached = new Set<string>();
  const follow = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const to of byPath.get(path)?.imports ?? []) follow(to);
  };
  follow('index.ts');
  const library = sources.filter(({ path }) => reached.has(path));
  expect(library.length).toBeGreaterThan(50);
  const prints = (file: SourceFile): readonly string[] =>
    file.globals.filter((name) => /^(console\..*|process\.(stdout|stderr|stdin))$/.test(name));
  expect(findViolations(library, prints)).toEqual([]);
  expect(
    library.filter(({ path }) => /^(terminal|cli|commands)\//.test(path)).map(({ path }) => path),
  ).toEqual([]);
});

test('a default value stands in one place', () => {
  const choices: readonly string[] = [...APIS, ...ACCOUNT_PLANS, ...BODY_CHOICES];
  const others = sources.filter((file) => !isSimulator(file));
  expect(findViolations(others, (file) => file.defaults.filter((value) => choices.includes(value)))).toEqual(
    [],
  );
  const addresses = (file: SourceFile): readonly string[] =>
    file.defaults.filter((value) => value.startsWith('https://'));
  expect(findViolations(others, addresses)).toEqual([]);
});

test('no switch has a default: it would hide a forgotten member of a union', () => {
  const constructs = (file: SourceFile): readonly string[] =>
    file.constructs.filter((item) => item === 'default:');
  expect(findViolations(sources, constructs)).toEqual([]);
});
