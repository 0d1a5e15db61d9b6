/** Reads a list of groups for `doctor`: to its end, to its first failure, or as long as there is time. */

import type { Group } from '../../resources/groups/api/group.js';
import type { GroupsApi } from '../../resources/groups/api/groups-api.js';
import { toPageCall } from '../../resources/paging/read-pages.js';
import { elementsOf, type Outcome, type Requests } from './requests.js';

export type ReadList = {
  /** The first page. */
  readonly list: Outcome;
  /** Of all pages that were read. */
  readonly groups: readonly Group[];
  readonly pages: number;
  /** Whether the list was read to its end. */
  readonly isWhole: boolean;
};

/** After so long, a list is read no further. */
const LIST_MS = 12_000;

export async function readList(requests: Requests, api: GroupsApi): Promise<ReadList> {
  const until = requests.clock.monotonic() + LIST_MS;
  const list = await requests.ask(api.list);
  const groups: Group[] = [];
  const tokens = new Set<string>();
  for (let page = list, pages = 1; ; pages += 1) {
    groups.push(...elementsOf(page, api.listField).flatMap((element) => api.parse(element) ?? []));
    const isComplete = page.type === 'success' && page.complete && Array.isArray(page.body[api.listField]);
    const token = page.body.next_page_token;
    const isLast = typeof token !== 'string' || token === '';
    if (!isComplete || isLast) return { list, groups, pages, isWhole: isComplete };
    if (tokens.has(token) || requests.clock.monotonic() >= until) {
      return { list, groups, pages, isWhole: false };
    }
    tokens.add(token);
    page = await requests.ask(toPageCall(api.list, token));
  }
}
