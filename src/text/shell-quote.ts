/** Words as a POSIX shell reads them back: for commands that a person is to copy. */

/** Means itself in every shell, wherever it stands; `=` only after another character, for zsh's sake. */
const PLAIN = /^[\w@%+:,./-][\w@%+=:,./-]*$/;

/** What may not be shown as it is: it would move the cursor, end the line or turn the text around. */
const UNSHOWABLE = /[\p{Cc}\p{Bidi_Control}\p{Cs}\u200b\u2028\u2029\u2060\ufeff]/u;

/**
 * The command line that a POSIX shell splits into exactly these words; one line of visible text, unless a word
 * ends in a newline.
 */
export function formatShellCommand(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

/** A path as a word that can't be taken for an option, nor for standard input. */
export function formatPathArgument(path: string): string {
  return path.startsWith('-') ? `./${path}` : path;
}

function quoted(word: string): string {
  if (PLAIN.test(word)) return word;
  if (!UNSHOWABLE.test(word)) return `'${word.replaceAll("'", "'\\''")}'`;
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
