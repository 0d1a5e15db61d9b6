/** The rows of a run, when its file is no longer the one that was checked. */
import { expect, test } from 'vitest';
import { openSession } from '../../src/cli/run-session.js';
import { createRunState } from '../../src/events/run-state.js';
import type { GroupItem } from '../../src/resources/groups/fields.js';
import { groups } from '../../src/resources/groups/groups.js';
import type { SessionContext } from '../../src/resources/resource.js';
import { validateInput } from '../../src/runs/validate-input.js';

const OPTIONS = { api: 'contacts', update: false, body: 'auto', listing: true, needsListing: false } as const;
const DIALECT = { encoding: '', delimiter: '', map: {} };

async function* toBytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

/** Reads the rows of `later` into `names`, for a run whose file was `checked`. */
async function readRows(checked: string, later: string, names: string[]): Promise<void> {
  let rows: SessionContext<GroupItem, typeof OPTIONS>['rows'] | undefined;
  const resource = {
    ...groups,
    open: (context: SessionContext<GroupItem, typeof OPTIONS>) => {
      rows = context.rows;
      return { next: () => undefined, restart: () => undefined };
    },
  };
  openSession(
    {
      resource,
      run: { file: 'groups.csv', folder: 'run', state: undefined },
      options: {
        given: new Set(),
        api: 'contacts',
        accountPlan: 'pro',
        body: 'auto',
        listing: true,
        lockTimeout: 0,
      },
      shape: { resource: groups.kind, options: OPTIONS, skipInvalid: false, dialect: DIALECT },
      bytes: () => toBytes(later),
      validation: await validateInput(toBytes(checked), { dialect: DIALECT, input: groups.input(OPTIONS) }),
    },
    createRunState(),
  );
  for await (const batch of rows?.() ?? []) names.push(...batch.map(({ name }) => name));
}

test('a file that changes after it was checked is refused, at a repeated row before that row is sent', async () => {
  const names: string[] = [];
  await expect(readRows('name\nA\nB\n', 'name\nA\nC\n', names)).rejects.toThrow('groups.csv changed');
  expect(names).toEqual(['A', 'C']);
  names.length = 0;
  await expect(readRows('name\nA\nB\n', 'name\nA\na\n', names)).rejects.toThrow('groups.csv changed');
  expect(names).toEqual([]);
});

test('a repetition that was found by the check is a duplicate, not a change', async () => {
  const names: string[] = [];
  await readRows('name\nA\nA\n', 'name\nA\nA\n', names);
  expect(names).toEqual(['A', 'A']);
});
