/** The table of checks is also the table of what is inferred about Zoom: code and checks point to each other. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ACCOUNT_CHECKS } from '../../src/doctor/checks/account-checks.js';
import { API_CHECKS } from '../../src/doctor/checks/api-checks.js';
import { MACHINE_CHECKS } from '../../src/doctor/checks/machine-checks.js';
import { MEMBER_CHECKS } from '../../src/doctor/checks/member-checks.js';
import { NETWORK_CHECKS } from '../../src/doctor/checks/network-checks.js';
import { WRITE_CHECKS } from '../../src/doctor/checks/write-checks.js';

const SRC = resolve(import.meta.dirname, '../../src');
const CHECKS: readonly { readonly id: string; readonly assumes?: string }[] = [
  ...[...NETWORK_CHECKS, ...ACCOUNT_CHECKS, ...MACHINE_CHECKS],
  ...[...API_CHECKS, ...WRITE_CHECKS, ...MEMBER_CHECKS],
];
const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.startsWith('simulator/'))
  .map((path) => ({ path, text: joinLines(readFileSync(join(SRC, path), 'utf8')) }));

/** A comment may break anywhere. */
function joinLines(text: string): string {
  return text.replace(/\s*\n\s*(?:\*(?!\/)|\/\/)\s*/g, ' ');
}

describe('an inferred fact', () => {
  const facts = CHECKS.filter(({ assumes }) => assumes !== undefined);

  test.each(facts)('that $id settles is decided at a place whose comment names the check', ({ id }) => {
    const named = new RegExp(`[Dd]octor check[^.]*\`${id}\``);
    expect(sources.filter(({ text }) => named.test(text)).map(({ path }) => path)).not.toEqual([]);
  });

  test('that a comment leaves to a check is one that exists', () => {
    const named = sources.flatMap(({ text }) =>
      [...text.matchAll(/[Dd]octor checks? ((?:`[\w-]+`(?:, | and )?)+)/g)].flatMap(([, list = '']) =>
        [...list.matchAll(/`([\w-]+)`/g)].map(([, id]) => id),
      ),
    );
    expect(named.length).toBeGreaterThan(10);
    for (const id of named) expect(CHECKS.map((check) => check.id)).toContain(id);
  });

  test('that a comment calls inferred has a check', () => {
    for (const { path, text } of sources) {
      const inferred = text.match(/\/\*\*?[^/]*Inferred[\s\S]*?\*\//g) ?? [];
      for (const comment of inferred) expect(comment, path).toMatch(/[Dd]octor check/);
    }
  });

  test('every check has an id of its own', () => {
    const ids = CHECKS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
