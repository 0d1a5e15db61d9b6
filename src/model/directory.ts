/** The port to a directory of groups: the loop, plan, export and rollback don't know which API is behind it. */
import type { Definition, Group, Settings } from '../resources/groups/group.js';
import type { Reply } from './outcome.js';

/** How a listing ended: whole, or not to be trusted. `requests` is how many it took. */
export type ListingEnd =
  | { readonly ok: true; readonly requests: number }
  | { readonly ok: false; readonly requests: number; readonly reply: Reply };

/** Every answer is a value; only what ends the whole command is thrown, as a `FatalError`. */
export type Directory = {
  readonly api: 'im' | 'contacts';
  /** Settings that this API has no field for: they are not sent, and never differ. */
  readonly unsupported: readonly (keyof Settings)[];
  /** All groups, in batches as they come. */
  list(): AsyncGenerator<readonly Group[], ListingEnd>;
  create(definition: Definition): Promise<Reply>;
  update(groupId: string, settings: Settings): Promise<Reply>;
  remove(groupId: string): Promise<Reply>;
};
