/** Temporary groups that an earlier `doctor --write` could not delete: from its record, and from the lists. */
import { APIS, type Api } from '../../model/choices.js';
import type { Group } from '../../resources/groups/api/group.js';
import type { GroupsApi } from '../../resources/groups/api/groups-api.js';
import { GROUPS_APIS } from '../../resources/groups/api/groups-apis.js';
import type { DoctorRecord } from '../../storage/doctor-record.js';
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

/** An id without the prefix that Zoom's examples show in lists of contact groups, such as `dir.`. */
export function withoutPrefix(id: string): string {
  return id.replace(/^[a-z]{1,4}\./, '');
}

function isTemporaryName(name: string): boolean {
  return name.trim().toLowerCase().startsWith(TEMPORARY_PREFIX);
}

/** Those that exist: a list shows them, or Zoom still knows the recorded id. */
export async function findLeftovers(
  requests: Requests,
  listed: Readonly<Record<Api, { readonly groups: readonly Group[] }>>,
  { left }: DoctorRecord,
): Promise<readonly Leftover[]> {
  // One group may be in both lists.
  const found = new Map<string, Leftover>();
  for (const api of APIS) {
    for (const { id, name } of listed[api].groups) {
      const plainId = withoutPrefix(id);
      if (!isTemporaryName(name) || found.has(plainId)) continue;
      const recorded = left.find((one) => one.name === name || withoutPrefix(one.id ?? '') === plainId);
      found.set(plainId, { api, id, name, ...(recorded ? { key: recorded.key } : {}) });
    }
  }
  for (const { api, id, name, key } of left) {
    if (id === undefined || found.has(withoutPrefix(id))) continue;
    const leftover = { api, id, name, key };
    if (await isTemporaryGroup(requests, leftover)) found.set(withoutPrefix(id), leftover);
  }
  return [...found.values()];
}

/** Deletes those of this machine's record, each after a look at it. @returns the ones that remain */
export async function deleteLeftovers(
  requests: Requests,
  leftovers: readonly Leftover[],
  record: DoctorRecord,
): Promise<readonly Leftover[]> {
  const remaining: Leftover[] = [];
  for (const leftover of leftovers) {
    const { api, id, key } = leftover;
    const isGone =
      key !== undefined &&
      (await isTemporaryGroup(requests, leftover)) &&
      isDeleted(await deleteGroup(requests, GROUPS_APIS[api], id));
    if (isGone) record.forget(key);
    else remaining.push(leftover);
  }
  return remaining;
}

async function isTemporaryGroup(requests: Requests, { api, id }: Leftover): Promise<boolean> {
  const { type, body } = await requests.ask(GROUPS_APIS[api].get(id));
  const group = type === 'success' ? GROUPS_APIS[api].parse(body) : undefined;
  return group !== undefined && isTemporaryName(group.name);
}

/** How often a delete is sent whose answer is lost while the group is still there. */
const DELETE_ATTEMPTS_MAX = 3;

/** Deletes a group; if the answer is lost, a look at the group tells whether it is gone. */
export async function deleteGroup(requests: Requests, api: GroupsApi, id: string): Promise<Outcome> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await requests.ask(api.remove(id));
    if (!outcome.ambiguous) return outcome;
    const look = await requests.ask(api.get(id));
    if (look.type === 'not-found') return look;
    if (look.type !== 'success' || attempt === DELETE_ATTEMPTS_MAX) return outcome;
  }
}

export function isDeleted({ type }: Outcome): boolean {
  return type === 'success' || type === 'not-found';
}
