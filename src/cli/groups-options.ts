/** The options of a command on groups, as the resource takes them. */
import { DEFAULT_BODY } from '../model/choices.js';
import type { GroupsOptions } from '../resources/groups/session.js';
import type { Options } from './options/options.js';

/** What shapes a run of `apply`; other commands do not have all of its options. */
export function toGroupsOptions({ api, update, body, listing }: Options): GroupsOptions {
  return {
    api,
    update: update ?? false,
    body: body ?? DEFAULT_BODY,
    listing: listing ?? true,
    needsListing: false,
  };
}
