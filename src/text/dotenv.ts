/** Lines of NAME=value, as users and other programs write them. */

export type DotenvLine = { readonly name: string; readonly value: string; readonly line: number };

const ASSIGNMENT = /^(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*)$/s;
const QUOTED = /^(["'`])(.*?)\1\s*(?:#.*)?$/s;

/**
 * Reads the lines, or returns the number of the first one that is no assignment. A `#` begins a comment only after
 * a blank, for it may be part of a secret.
 */
export function parseDotenv(text: string): readonly DotenvLine[] | { readonly badLine: number } {
  const lines: DotenvLine[] = [];
  for (const [index, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const trimmed = raw.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const [, name, rest] = ASSIGNMENT.exec(trimmed) ?? [];
    if (name === undefined || rest === undefined) return { badLine: index + 1 };
    const value = QUOTED.exec(rest)?.[2] ?? rest.replace(/(^|\s+)#.*$/s, '');
    lines.push({ name, value, line: index + 1 });
  }
  return lines;
}
