/** The listing of all groups, as one chain of page requests. */

import { type PagesResult, readPages } from '../../paging/read-pages.js';
import type { Judgement, Step } from '../../resource.js';
import { GroupIndex } from './group-index.js';
import type { GroupsApi } from './groups-api.js';

export type Listing = PagesResult<GroupIndex>;

export function listGroups(api: GroupsApi, done: (listing: Listing) => Judgement, delayMs = 0): Step {
  return readPages({
    operation: 'list-groups',
    call: (pageToken) => api.list(pageToken),
    listField: api.listField,
    parse: (wire) => api.parse(wire),
    createCollection: () => new GroupIndex(),
    delayMs,
    done,
  });
}
