/** Temporary groups that an earlier `doctor --write` could not delete: from its record, and from the lists. */
import type { Api } from '../../model/choices.js';
import type { Group } from '../../resources/groups/api/group.js';
import { GROUPS_APIS } from '../../resources/groups/api/groups-apis.js';
import type { RecordedGroup } from '../../storage/doctor-record.js';
import type { Outcome, Requests } from './requests.js';

/** How the name of every temporary group begins. */
export const TEMPORARY_PREFIX = 'zz-doctor-';

export type Leftover = {
  readonly api: Api;
  readonly id: string;
  readonly name: string;
  /** Of this machine's record, in which it has this key; others may belong to a `doctor` that is running. */
  readonly key?: string;
};

const APIS: readonly Api[] = ['im', 'contacts'];

/** An id without the prefix that Zoom's examples show in lists of contact groups, such as `dir.`. */
export function withoutPrefix(id: string): string {
  return id.replace(/^[a-z]{1,4}\./, '');
}

export function isTemporaryName(name: string): boolean {
  return name.trim().toLowerCase().startsWith(TEMPORARY_PREFIX);
}

/** Those that exist: a list shows them, or Zoom still knows the recorded id. */
export async function findLeftovers(
  requests: Requests,
  listed: Readonly<Record<Api, { readonly groups: readonly Group[] }>>,
  recorded: readonly RecordedGroup[],
  signal: AbortSignal,
): Promise<readonly Leftover[]> {
  const found = new Map<string, Leftover>();
  for (const api of APIS) {
    for (const { id, name } of listed[api].groups.filter((group) => isTemporaryName(group.name))) {
      const key = recorded.find((one) => one.name === name || isSameId(one.id, id))?.key;
      // One group may be in both lists.
      if (!found.has(withoutPrefix(id)))
        found.set(withoutPrefix(id), { api, id, name, ...(key === undefined ? {} : { key }) });
    }
  }
  for (const { api, id, name, key } of recorded) {
    if (id === undefined || found.has(withoutPrefix(id)) || !isApi(api)) continue;
    const outcome = await requests.ask(GROUPS_APIS[api].get(id), signal);
    if (isTemporaryGroup(outcome, api)) found.set(withoutPrefix(id), { api, id, name, key });
  }
  return [...found.values()];
}

/** Deletes those of this machine's record, each after a look at it. @returns the ones that remain */
export async function deleteLeftovers(
  requests: Requests,
  leftovers: readonly Leftover[],
  forget: (key: string) => void,
  signal: AbortSignal,
): Promise<readonly Leftover[]> {
  const remaining: Leftover[] = [];
  for (const leftover of leftovers) {
    const { api, id, key } = leftover;
    const isOurs =
      key !== undefined && isTemporaryGroup(await requests.ask(GROUPS_APIS[api].get(id), signal), api);
    const isGone = isOurs && isDeleted(await requests.ask(GROUPS_APIS[api].remove(id), signal));
    if (isGone) forget(key);
    else remaining.push(leftover);
  }
  return remaining;
}

function isTemporaryGroup({ type, body }: Outcome, api: Api): boolean {
  const group = type === 'success' ? GROUPS_APIS[api].parse(body) : undefined;
  return group !== undefined && isTemporaryName(group.name);
}

export function isDeleted({ type }: Outcome): boolean {
  return type === 'success' || type === 'not-found';
}

function isApi(api: string): api is Api {
  return Object.hasOwn(GROUPS_APIS, api);
}

function isSameId(a: string | undefined, b: string): boolean {
  return a !== undefined && withoutPrefix(a) === withoutPrefix(b);
}
