/** The options of a command on groups, as the resource takes them. */
import type { GroupsOptions } from '../resources/groups/session.js';
import type { Options } from './options/options.js';

/** What shapes a run of `apply`. */
export function toGroupsOptions({ api, update, body, listing }: Options): GroupsOptions {
  return {
    api,
    update: update ?? false,
    body: body ?? 'auto',
    listing: listing ?? true,
    needsListing: false,
  };
}
