/**
 * Small wrong changes of a source, all of them in one text: each is chosen at run time by its number, so that the
 * sources are transformed once.
 */
import MagicString from 'magic-string';
import { parseSync } from 'vite';

const SWAPS = new Map([
  ['<', '<='],
  ['<=', '<'],
  ['>', '>='],
  ['>=', '>'],
  ['===', '!=='],
  ['!==', '==='],
  ['+', '-'],
  ['-', '+'],
  ['*', '/'],
  ['/', '*'],
  ['&&', '||'],
  ['||', '&&'],
]);

/** @returns the source with its mutants, and what each of them changes */
export function mutate(path, text, firstId) {
  const source = new MagicString(text);
  const mutants = [];
  const lineOf = (at) => text.slice(0, at).split('\n').length;
  const add = (node, replacement) => {
    const id = firstId + mutants.length;
    const before = text.slice(node.start, node.end);
    mutants.push({ id, path, line: lineOf(node.start), before, after: replacement });
    return id;
  };
  const replace = (node, replacement) => {
    const id = add(node, replacement);
    source.appendLeft(node.start, `(__mutant(${id})?(${replacement}):(`);
    source.prependLeft(node.end, '))');
  };
  const slice = ({ start, end }) => text.slice(start, end);

  const visit = (node, key) => {
    if (node === null || typeof node !== 'object') return;
    if (Array.isArray(node)) {
      for (const one of node) visit(one, key);
      return;
    }
    if (typeof node.type !== 'string') return;
    if (isType(node.type) || /^(Import|Export(All|Default))/.test(node.type)) return;
    mutateNode(node, key);
    for (const [name, child] of Object.entries(node)) {
      const isName = (name === 'key' && !node.computed) || (name === 'property' && !node.computed);
      if (!isName && name !== 'loc') visit(child, name);
    }
  };

  const mutateNode = (node, key) => {
    switch (node.type) {
      case 'Literal':
        if (key === 'directive') return;
        if (typeof node.value === 'number') replace(node, String(node.value + 1));
        else if (typeof node.value === 'boolean') replace(node, String(!node.value));
        return;
      case 'BinaryExpression':
      case 'LogicalExpression': {
        const swap = SWAPS.get(node.operator);
        const isText = node.operator === '+' && /['"`]/.test(slice(node));
        if (swap && !isText) replace(node, `(${slice(node.left)}) ${swap} (${slice(node.right)})`);
        return;
      }
      case 'UnaryExpression':
        if (node.operator === '!') replace(node, slice(node.argument));
        return;
      case 'IfStatement':
      case 'ConditionalExpression':
        replace(node.test, `!(${slice(node.test)})`);
        return;
      case 'ExpressionStatement': {
        if (node.directive || /^super\(/.test(slice(node))) return;
        const id = add(node, '(removed)');
        source.appendLeft(node.start, `{ if (!__mutant(${id})) { `);
        source.prependLeft(node.end, ' } }');
        return;
      }
    }
  };

  visit(parseSync(path, text).program, '');
  return { code: source.toString(), mutants };
}

/** Types are not there at run time; an expression inside a type assertion is. */
function isType(type) {
  return type.startsWith('TS') && !/^TS(As|NonNull|Satisfies)Expression$/.test(type);
}
