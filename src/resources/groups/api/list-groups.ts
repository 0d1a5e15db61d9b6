/** The listing of all groups, as one chain of page requests. */
import type { Stop } from '../../../model/stop.js';
import { explainFailedListing } from '../../paging/failed-listing.js';
import { type FailedListing, type PagesResult, readPages } from '../../paging/read-pages.js';
import type { Judgement, Step } from '../../resource.js';
import { GroupIndex } from './group-index.js';
import type { GroupsApi } from './groups-api.js';

export type Listing = PagesResult<GroupIndex>;

export function listGroups(api: GroupsApi, done: (listing: Listing) => Judgement, delayMs = 0): Step {
  return readPages({
    operation: 'list-groups',
    call: api.list,
    listField: api.listField,
    parse: api.parse,
    createCollection: () => new GroupIndex(),
    delayMs,
    done,
  });
}

/** @param why what the listing is needed for: if it fails, the run stops */
export function listRequiredGroups(api: GroupsApi, why: string, use: (groups: GroupIndex) => void): Step {
  return listGroups(api, (listing) => {
    if (listing.type === 'failed') return { stop: explainFailedGroups(api, listing, why) };
    use(listing.items);
    return {};
  });
}

export function explainFailedGroups({ noun, scopes }: GroupsApi, listing: FailedListing, why: string): Stop {
  return explainFailedListing(listing, `existing ${noun}`, why, scopes.read);
}
