/** What shapes a run is read from its journal, which may have been edited, or written by another version. */
import { describe, expect, test } from 'vitest';
import { groups } from '../../src/resources/groups/groups.js';
import { createGroupsRollback } from '../../src/resources/groups/rollback.js';
import { members } from '../../src/resources/members/members.js';
import { createMembersRollback } from '../../src/resources/members/rollback.js';

type Options = Readonly<Record<string, unknown>>;

/** Options as a journal holds them, and values that none of them may have. */
const cases: readonly (readonly [
  { readonly kind: string; readonly isOptions: (options: object) => boolean },
  readonly Options[],
  Readonly<Record<string, readonly unknown[]>>,
])[] = [
  [
    groups,
    [{ api: 'im', update: false, listing: true, body: 'auto' }],
    {
      api: ['mail', undefined],
      update: [0, undefined],
      listing: ['yes', undefined],
      body: ['xml', undefined],
    },
  ],
  [
    createGroupsRollback([]),
    [{ api: 'contacts', source: 'runs/a', includeUpdates: false }],
    { api: ['mail', undefined], source: [1, undefined], includeUpdates: ['no', undefined] },
  ],
  [
    members,
    [
      { api: 'im', mode: 'add' },
      { api: 'contacts', mode: 'remove', group: 'Sales', split: ';' },
      { api: 'im', mode: 'sync', maxRemovals: { n: 10, percent: true } },
    ],
    {
      api: ['mail', undefined],
      mode: ['replace', undefined],
      group: [1, null],
      split: [true, null],
      maxRemovals: [10, null, {}, { n: '10', percent: true }, { n: 10 }, { n: 10, percent: 1 }],
    },
  ],
  [
    createMembersRollback([]),
    [{ api: 'im', source: 'runs/a' }],
    { api: ['mail', undefined], source: [null, undefined] },
  ],
];

describe.each(cases)('the options of $kind', (resource, valid, invalid) => {
  test('are read from the journal', () => {
    for (const options of valid) expect(resource.isOptions(options), JSON.stringify(options)).toBe(true);
  });

  test('are refused if one of them has a value that it cannot have', () => {
    for (const [field, values] of Object.entries(invalid)) {
      for (const value of values) {
        for (const options of valid) {
          expect(resource.isOptions({ ...options, [field]: value }), `${field}: ${value}`).toBe(false);
        }
      }
    }
  });
});
