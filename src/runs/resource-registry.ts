/** Every resource by its kind: what a report has to know of the one that a run was about. */

import { groups } from '../resources/groups/groups.js';
import { createGroupsRollback } from '../resources/groups/rollback.js';
import { members } from '../resources/members/members.js';
import { createMembersRollback } from '../resources/members/rollback.js';
import type { Resource } from '../resources/resource.js';

const RESOURCES: readonly Resource[] = [groups, createGroupsRollback([]), members, createMembersRollback([])];

/** Undefined for a kind that this version does not know. */
export function findResource(kind: string): Resource | undefined {
  return RESOURCES.find((one) => one.kind === kind);
}
