import { expect, test } from 'vitest';
import { findUrlSecrets } from '../../src/text/redact.js';

test.each([
  ['redis://user:p%40ss@host:6379', ['user', 'p%40ss', 'p@ss']],
  ['redis://:a%zz@host', ['a%zz']],
  ['rediss://host/0?password=p%26q', ['p&q']],
  ['redis://host:6379', []],
])('the secrets of %s are found in each spelling', (url, secrets) => {
  expect(new Set(findUrlSecrets(new URL(url)))).toEqual(new Set(secrets));
});
