/** The sources as a parser sees them: what they import, and what stands in their code. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { type ESTree, parseSync, Visitor } from 'vite';

export const SRC: string = resolve(import.meta.dirname, '../../src');

export type SourceFile = {
  /** Below src, such as `csv/reader.ts`. */
  readonly path: string;
  readonly folder: string;
  readonly lines: number;
  /** Own files, as paths below src. Imports of types count: a dependency is a dependency. */
  readonly imports: readonly string[];
  /** Packages and `node:` modules, as they are written. */
  readonly packages: readonly string[];
  /** `process.env`, `Date.now`, `Math.random`: what is read of a global object. */
  readonly globals: readonly string[];
  /** Texts that apply if nothing is given: of `a ?? 'text'`, `{ a = 'text' }` and `default: 'text'`. */
  readonly defaults: readonly string[];
  /** `await`, `default:` in a switch, `new Date()`. */
  readonly constructs: readonly string[];
};

export function readSourceFiles(): readonly SourceFile[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .sort()
    .map(parseSource);
}

function parseSource(path: string): SourceFile {
  const text = readFileSync(join(SRC, path), 'utf8');
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors.map(({ message }) => message).join('; ')}`);
  const modules = new Set<string>();
  const globals = new Set<string>();
  const defaults: string[] = [];
  const constructs = new Set<string>();
  const addModule = (source: ESTree.Expression | null): void => {
    if (source?.type !== 'Literal' || typeof source.value !== 'string')
      throw new Error(`${path} imports a module whose name is computed`);
    modules.add(source.value);
  };
  const addDefault = (value: ESTree.Node): void => {
    if (value.type === 'Literal' && typeof value.value === 'string') defaults.push(value.value);
  };
  new Visitor({
    ImportDeclaration: ({ source }) => addModule(source),
    ExportAllDeclaration: ({ source }) => addModule(source),
    ExportNamedDeclaration: ({ source }) => {
      if (source) addModule(source);
    },
    ImportExpression: ({ source }) => addModule(source),
    TSImportType: ({ source }) => addModule(source),
    MemberExpression: ({ object, property, computed }) => {
      if (object.type === 'Identifier' && property.type === 'Identifier' && !computed)
        globals.add(`${object.name}.${property.name}`);
    },
    CallExpression: ({ callee }) => {
      if (callee.type === 'Identifier') globals.add(callee.name);
    },
    // `const { env } = process` reads it as well.
    VariableDeclarator: ({ id, init }) => {
      if (id.type !== 'ObjectPattern' || init?.type !== 'Identifier') return;
      for (const property of id.properties)
        if (property.type === 'Property' && property.key.type === 'Identifier')
          globals.add(`${init.name}.${property.key.name}`);
    },
    NewExpression: ({ callee, arguments: given }) => {
      if (callee.type === 'Identifier' && callee.name === 'Date' && given.length === 0)
        constructs.add('new Date()');
    },
    AwaitExpression: () => {
      constructs.add('await');
    },
    SwitchCase: ({ test }) => {
      if (test === null) constructs.add('default:');
    },
    LogicalExpression: ({ operator, right }) => {
      if (operator !== '&&') addDefault(right);
    },
    AssignmentPattern: ({ right }) => addDefault(right),
    Property: ({ key, value }) => {
      if (key.type === 'Identifier' && key.name === 'default') addDefault(value);
    },
  }).visit(program);
  const own = [...modules].filter((name) => name.startsWith('.'));
  return {
    path,
    folder: dirname(path),
    lines: text.split('\n').length - 1,
    imports: own.map((name) => relative(SRC, resolve(SRC, dirname(path), name.replace(/\.js$/, '.ts')))),
    packages: [...modules].filter((name) => !name.startsWith('.')),
    globals: [...globals],
    defaults,
    constructs: [...constructs],
  };
}

/** Each cycle once, as `a → b → a`. */
export function findCycles(graph: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const cycles: string[] = [];
  const seen = new Set<string>();
  const visit = (node: string, trail: readonly string[]): void => {
    if (trail.includes(node)) cycles.push([...trail.slice(trail.indexOf(node)), node].join(' → '));
    else if (!seen.has(node)) for (const to of graph.get(node) ?? []) visit(to, [...trail, node]);
    seen.add(node);
  };
  for (const node of graph.keys()) visit(node, []);
  return cycles;
}
