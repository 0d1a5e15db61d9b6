/** Words for a POSIX shell, for printing a command that can be pasted. */

/** The words as one command line; what the shell would read otherwise is quoted. */
export function shellCommand(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');
}
