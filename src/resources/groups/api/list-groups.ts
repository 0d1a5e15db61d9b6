/** The listing of all groups, as one chain of page requests. */
import { type PagesResult, readPages } from '../../paging/read-pages.js';
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
