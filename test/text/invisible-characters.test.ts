/** What counts as invisible, and which joiners are part of a spelling. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatText } from '../../src/reporting/html/escape.js';
import { findInvisible, hasInvisible, removeInvisible } from '../../src/text/invisible-characters.js';
import { escapeInvisible, escapeInvisibleJson } from '../../src/text/visible.js';

describe('needed by its script or emoji, and no problem', () => {
  test.each([
    ['family', '👩‍👩‍👧'],
    ['rainbow flag', '🏳️‍🌈'],
    ['skin tones', '🧑🏻‍🤝‍🧑🏼'],
    ['woman running right', '🏃‍♀️‍➡️'],
    ['flag of Scotland', '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}'],
    ['Persian', 'می\u200cخواهم'],
    ['Persian abbreviation', 'ه\u200d.ق'],
    ['Hindi', 'क्\u200dष और र्\u200cय'],
    ['Sinhala', 'ශ්\u200dරී ලංකා'],
    ['Malayalam chillu', 'അവന്\u200d'],
    ['Bengali', 'র\u200d্যাব'],
    ['Kannada', 'ರಾಜ್\u200cಕುಮಾರ್'],
  ])('%s', (_, name) => {
    expect(findInvisible(name)).toEqual([]);
    expect(escapeInvisible(name)).toBe(name);
    expect(formatText(name, 100)).toBe(name);
  });
});

describe('stray, and a problem', () => {
  test.each([
    ['a joiner in a Latin word', 'Sa\u200dles', 'U+200D (zero-width)'],
    ['a non-joiner in a Latin word', 'Sa\u200cles', 'U+200C (zero-width)'],
    ['a joiner after an emoji', '👩\u200d', 'U+200D (zero-width)'],
    ['a joiner before an emoji', 'a\u200d👩', 'U+200D (zero-width)'],
    ['two non-joiners in a row', 'می\u200c\u200cخواهم', 'U+200C (zero-width)'],
    ['a non-joiner at the end of a Persian word', 'می\u200c', 'U+200C (zero-width)'],
    ['tags without a flag', 'a\u{e0067}\u{e007f}', 'U+E0067 (zero-width)'],
    ['a direction mark', 'abc\u202edef', 'U+202E (changes the text direction)'],
    ['an escape', 'a\u001b[2J', 'U+001B (control character)'],
    ['half a surrogate pair', 'a\ud800b', 'U+D800 (stands for a letter that an earlier program lost)'],
  ])('%s', (_, name, found) => {
    expect(findInvisible(name)).toContain(found);
    expect(hasInvisible(name)).toBe(true);
    expect(findInvisible(escapeInvisible(name))).toEqual([]);
    expect(findInvisible(formatText(name, 100))).toEqual([]);
  });
});

test('written out, no text keeps an invisible character, and JSON keeps its value', () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom('\u200d', '\u202e', '👩', 'م', '\u0007'),
      fc.string({ unit: 'binary', maxLength: 1 }),
    ),
  });
  fc.assert(
    fc.property(text, (any) => {
      expect(escapeInvisible(any)).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028\u2029\u200b]/u);
      expect(JSON.parse(escapeInvisibleJson(JSON.stringify(any)))).toBe(any);
    }),
  );
});

test('names that differ in joiners only compare as equal', () => {
  expect(removeInvisible('می\u200cخواهم')).toBe(removeInvisible('میخواهم'));
  expect(removeInvisible('❤\ufe0f')).toBe('❤');
});
