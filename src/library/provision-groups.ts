/** Groups for a program: `provision` creates them, `plan` says what it would do. */
import { BODY_CHOICES, type BodyChoice, DEFAULT_API, DEFAULT_BODY } from '../model/choices.js';
import { type Definition, SETTINGS } from '../resources/groups/api/group.js';
import { groups } from '../resources/groups/groups.js';
import type { GroupsOptions } from '../resources/groups/session.js';
import {
  type AccountOptions,
  argumentError,
  checkAccountOptions,
  checkIsObject,
  checkIterable,
  type ProvisionResult,
  planRows,
  runRows,
  validateEntries,
} from './run-rows.js';

/** What to provision, and where. */
export type ProvisionOptions = AccountOptions & {
  /** The groups, in order. All of them are validated before the first request. */
  readonly definitions: Iterable<Definition> | AsyncIterable<Definition>;
  /** Default `auto`: the first create settles which body format Zoom accepts. */
  readonly body?: BodyChoice;
  /** Whether to list what exists before the first create. Default true; contact groups need it. */
  readonly listing?: boolean;
  /** Whether to change existing groups to the settings asked for. Default false. */
  readonly update?: boolean;
};

/** What would be done for one definition. */
export type Planned = {
  readonly name: string;
  /** `none`: it exists already. */
  readonly action: 'create' | 'update' | 'none' | 'failed';
  readonly detail: string;
};

const HEADER: readonly string[] = ['name', ...SETTINGS.map(([, word]) => word)];

/**
 * Creates every group that does not exist yet, paced to the account's limit, and reports how each ended.
 * @throws InvalidDefinitionsError if a definition is invalid, FatalError if an option is wrong or an address is not
 * safe for a token: nothing was sent then
 */
export async function provision(options: ProvisionOptions): Promise<ProvisionResult> {
  const resourceOptions = checkOptions(options, false);
  const rows = await validateEntries(groups, resourceOptions, HEADER, toCells(options.definitions));
  return runRows(groups, resourceOptions, rows, options);
}

/**
 * What `provision` would do; sends no write.
 * @throws FatalError also if the existing groups cannot be listed
 */
export async function plan(options: Omit<ProvisionOptions, 'listing'>): Promise<readonly Planned[]> {
  const resourceOptions = checkOptions(options, true);
  const rows = await validateEntries(groups, resourceOptions, HEADER, toCells(options.definitions));
  const planned = new Map<string, Planned>();
  await planRows(groups, resourceOptions, rows, options, {
    onEvent: (event) => {
      if (event.type !== 'known' && event.type !== 'reply') return;
      for (const { key, name, outcome } of event.outcomes ?? []) {
        const action = outcome.status === 'failed' ? 'failed' : 'none';
        planned.set(key, { name, action, detail: outcome.detail });
      }
    },
    onPlannedWrite: ({ operation, rows: refs, change = '' }) => {
      const action = operation === 'update' ? 'update' : 'create';
      for (const { key, name } of refs) planned.set(key, { name, action, detail: change });
    },
  });
  return rows.flatMap((row): Planned[] => {
    const found = row.type === 'invalid' ? undefined : planned.get(row.key);
    if (!found) return [];
    return [row.type === 'duplicate' ? { ...found, action: 'none', detail: 'duplicate' } : found];
  });
}

async function* toCells(definitions: ProvisionOptions['definitions']): AsyncGenerator<readonly unknown[]> {
  for await (const definition of definitions) {
    const given: Partial<Definition> =
      typeof definition === 'object' && definition !== null ? definition : {};
    yield [given.name, ...SETTINGS.map(([setting]) => given[setting])];
  }
}

function checkOptions(options: ProvisionOptions, needsListing: boolean): GroupsOptions {
  checkIsObject(options);
  const { api = DEFAULT_API, update = false, body = DEFAULT_BODY, listing = true } = options;
  checkIterable('definitions', options.definitions);
  checkAccountOptions(options);
  if (!BODY_CHOICES.includes(body)) throw argumentError('body', BODY_CHOICES.join(', '));
  if (api === 'contacts' && body === 'multipart') {
    throw argumentError('body', "'json': contact groups take JSON only");
  }
  return { api, update, body, listing, needsListing };
}
