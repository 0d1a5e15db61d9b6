/** Shell quoting: commands that a user can copy into a POSIX shell. */
import { hasInvisible } from './invisible-characters.js';

/** Needs no quotes in any shell; `=` only after another character, because of zsh. */
const PLAIN = /^[\w@%+:,./-][\w@%+=:,./-]*$/;

/**
 * The command line that a POSIX shell splits into exactly these words; one line of visible text, unless a word
 * ends in a newline.
 */
export function formatShellCommand(words: readonly string[]): string {
  return words.map(quote).join(' ');
}

/** A path as a word that can't be read as an option, nor as standard input. */
export function formatPathArgument(path: string): string {
  return path.startsWith('-') ? `./${path}` : path;
}

function quote(word: string): string {
  if (PLAIN.test(word)) return word;
  if (!hasInvisible(word)) return `'${word.replaceAll("'", "'\\''")}'`;
  // `$'…'` is not known to every shell; printf with octal bytes is. `$(…)` would drop newlines at the end,
  // so they stand outside of it, where only double quotes can keep them: as they are.
  const body = word.replace(/\n+$/, '');
  const bytes = [...new TextEncoder().encode(body)].map(octal).join('');
  return `"$(printf '${bytes}')${word.slice(body.length)}"`;
}

function octal(byte: number): string {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9_./ ]/.test(character) ? character : `\\${byte.toString(8).padStart(3, '0')}`;
}
