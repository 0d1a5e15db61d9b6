/** Groups for a program: `provision` creates them, `plan` says what it would do. */
import { BODY_CHOICES, type BodyChoice, DEFAULT_API, DEFAULT_BODY } from '../model/choices.js';
import { type Definition, SETTINGS } from '../resources/groups/api/group.js';
import { groups } from '../resources/groups/groups.js';
import type { GroupsOptions } from '../resources/groups/session.js';
import { argumentError, checkArguments, oneOf } from './check-arguments.js';
import {
  type AccountOptions,
  type ProvisionResult,
  planRows,
  runRows,
  validateEntries,
  type Work,
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

/**
 * Creates every group that does not exist yet, paced to the account's limit, and reports how each ended.
 * @throws InvalidDefinitionsError if a definition is invalid, FatalError if an option is wrong or an address is not
 * safe for a token: nothing was sent then
 */
export async function provision(options: ProvisionOptions): Promise<ProvisionResult> {
  return runRows(await toWork(options, false));
}

/**
 * What `provision` would do; sends no write.
 * @throws FatalError also if the existing groups cannot be listed
 */
export async function plan(options: Omit<ProvisionOptions, 'listing'>): Promise<readonly Planned[]> {
  const work = await toWork(options, true);
  const planned = new Map<string, Planned>();
  await planRows(work, {
    onEvent: (event) => {
      if (event.type !== 'known' && event.type !== 'reply') return;
      for (const { key, name, outcome } of event.outcomes ?? []) {
        const action = outcome.status === 'failed' ? 'failed' : 'none';
        planned.set(key, { name, action, detail: outcome.detail });
      }
    },
    onPlannedWrite: ({ operation, rows, change = '' }) => {
      const action = operation === 'update' ? 'update' : 'create';
      for (const { key, name } of rows) planned.set(key, { name, action, detail: change });
    },
  });
  return work.rows.flatMap((row): Planned[] => {
    const found = row.type === 'invalid' ? undefined : planned.get(row.key);
    if (!found) return [];
    return [row.type === 'duplicate' ? { ...found, action: 'none', detail: 'duplicate' } : found];
  });
}

async function toWork(options: ProvisionOptions, needsListing: boolean): Promise<Work> {
  checkArguments(options, 'definitions', { body: oneOf(BODY_CHOICES) });
  const { definitions, api = DEFAULT_API, update = false, body = DEFAULT_BODY, listing = true } = options;
  if (api === 'contacts' && body === 'multipart') {
    throw argumentError('body', "'json': contact groups take JSON only");
  }
  const resourceOptions: GroupsOptions = { api, update, body, listing, needsListing };
  const rows = await validateEntries(groups, resourceOptions, definitions, [['name', 'name'], ...SETTINGS]);
  return { resource: groups, resourceOptions, rows, options };
}
