/** Reads a list of groups for `doctor`, as far as the time allows, and keeps what its first page looks like. */

import type { Group } from '../../resources/groups/api/group.js';
import type { GroupsApi } from '../../resources/groups/api/groups-api.js';
import { toPageCall } from '../../resources/paging/read-pages.js';
import type { Outcome, Requests } from './requests.js';

type Element = Readonly<Record<string, unknown>>;

export type ReadList = {
  /** The first page. */
  readonly list: Outcome;
  /** The elements of the first page, as they came. */
  readonly elements: readonly Element[];
  /** Of all pages that were read. */
  readonly groups: readonly Group[];
  readonly pages: number;
  /** Whether the list was read to its end. */
  readonly isWhole: boolean;
};

/** Reads a list to its end, to its first failure, or for so many ms. */
export async function readList(
  requests: Requests,
  api: GroupsApi,
  signal: AbortSignal,
  forMs: number,
): Promise<ReadList> {
  const until = requests.clock.monotonic() + forMs;
  const list = await requests.ask(api.list, signal);
  const elements = elementsOf(list, api);
  const groups: Group[] = [];
  const tokens = new Set<string>();
  for (let page = list, pages = 1; ; pages += 1) {
    for (const element of elementsOf(page, api)) groups.push(...toGroups(element, api));
    const isComplete = page.type === 'success' && page.complete && Array.isArray(page.body[api.listField]);
    const token = page.body.next_page_token;
    const isLast = typeof token !== 'string' || token === '';
    if (!isComplete || isLast) return { list, elements, groups, pages, isWhole: isComplete };
    if (tokens.has(token) || requests.clock.monotonic() >= until) {
      return { list, elements, groups, pages, isWhole: false };
    }
    tokens.add(token);
    page = await requests.ask(toPageCall(api.list, token), signal);
  }
}

function toGroups(element: Element, api: GroupsApi): readonly Group[] {
  const group = api.parse(element);
  return group ? [group] : [];
}

function elementsOf({ body }: Outcome, api: GroupsApi): readonly Element[] {
  const list = body[api.listField];
  if (!Array.isArray(list)) return [];
  return list.filter((element) => typeof element === 'object' && element !== null);
}
