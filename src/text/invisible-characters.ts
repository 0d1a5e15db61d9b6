/** Characters that leave no mark on a screen, or change how the text around them is shown: the one table of them. */

/** What a character does, and the characters (as the inside of a regular expression's class) that do it. */
const KINDS: readonly (readonly [string, string])[] = [
  ['control character', '\\p{Cc}\\u2028\\u2029'],
  ['changes the text direction', '\\p{Bidi_Control}'],
  // U+FFFD can be seen, but not what it stands for.
  ['stands for a letter that an earlier program lost', '\\p{Cs}\\ufffd'],
  [
    'zero-width',
    '\\u00ad\\u034f\\u115f\\u1160\\u180e\\u200b\\u2060-\\u2064\\u206a-\\u206f\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb\\u{e0000}-\\u{e007f}',
  ],
];

/** Scripts whose spelling needs joiners (U+200C, U+200D) inside a word: Persian, Hindi, Sinhala and so on. */
const JOINING_SCRIPT = `[${[
  ...['Arab', 'Syrc', 'Nkoo', 'Mong', 'Deva', 'Beng', 'Guru', 'Gujr', 'Orya'],
  ...['Taml', 'Telu', 'Knda', 'Mlym', 'Sinh', 'Khmr', 'Mymr', 'Tibt'],
]
  .map((script) => `\\p{scx=${script}}`)
  .join('')}]`;

/** Signs that silence a vowel: a joiner after one chooses the form of the consonant, at the end of a word too. */
const VIRAMA =
  '[\\u094d\\u09cd\\u0a4d\\u0acd\\u0b4d\\u0bcd\\u0c4d\\u0ccd\\u0d3b\\u0d3c\\u0d4d\\u0dca\\u1039\\u17d2]';

/** Where a joiner is part of the spelling (after RFC 5892, A.1 and A.2) or of an emoji (UTS #51, ED-16). */
const NEEDED_JOINER = [
  `(?<=${JOINING_SCRIPT})[\\u200c\\u200d](?=${JOINING_SCRIPT})`,
  `(?<=${VIRAMA})[\\u200c\\u200d]`,
  // The abbreviating form of a last letter, as in Persian dates.
  '(?<=\\p{scx=Arab})\\u200d',
  '(?<=\\p{Extended_Pictographic}\\ufe0f?|\\p{Emoji_Modifier})\\u200d(?=\\p{Extended_Pictographic})',
].join('|');

/** A flag of a region, such as Scotland's, is spelt with tag characters (UTS #51, ED-14a). */
const NEEDED_TAG = '(?<=\\u{1f3f4}[\\u{e0020}-\\u{e007e}]*)[\\u{e0020}-\\u{e007f}]';

const ALL = `[${KINDS.map(([, characters]) => characters).join('')}\\u200c\\u200d]`;

// The first look-ahead is for speed: most characters are not in the table.
const INVISIBLE = new RegExp(`(?=${ALL})(?!${NEEDED_JOINER}|${NEEDED_TAG})${ALL}`, 'gu');

/** Characters of a name that two equal-looking names may differ in: joiners and variation selectors too. */
const IGNORABLE = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** Printable ASCII: a shortcut for speed. */
const PLAIN = /^[\x20-\x7e]*$/;

/** The text with each invisible character replaced; joiners that a script or an emoji needs stay. */
export function replaceInvisible(text: string, replace: (character: string) => string): string {
  return PLAIN.test(text) ? text : text.replace(INVISIBLE, replace);
}

/** Whether the text has an invisible character that neither a script nor an emoji needs. */
export function hasInvisible(text: string): boolean {
  return !PLAIN.test(text) && text.search(INVISIBLE) >= 0;
}

/** The invisible characters of a text, each once, as their names can be looked up: `U+200B (zero-width)`. */
export function findInvisible(text: string): readonly string[] {
  if (PLAIN.test(text)) return [];
  return [...new Set(text.match(INVISIBLE))].map((character) => {
    const kind = KINDS.find(([, characters]) => new RegExp(`[${characters}]`, 'u').test(character));
    const codePoint = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return `U+${codePoint} (${kind?.[0] ?? 'zero-width'})`;
  });
}

/** The text without anything that can't be seen, for comparing names. */
export function removeInvisible(text: string): string {
  return text.replace(IGNORABLE, '');
}
