/** Every resource by its kind: what a report has to know of the one that a run was about. */
import { groups } from './groups/groups.js';
import { createGroupsRollback } from './groups/rollback.js';
import type { Resource } from './resource.js';

/** What reading and reporting need; made without the work itself. */
export type ResourceDescription = Pick<Resource<never, never>, 'kind' | 'idColumns'> & {
  readonly input: (options: never) => ReturnType<Resource<unknown, unknown>['input']>;
};

const RESOURCES: ReadonlyMap<string, ResourceDescription> = new Map(
  [groups, createGroupsRollback([])].map((resource) => [resource.kind, resource]),
);

/** Undefined for a kind that this version does not know. */
export function findResource(kind: string): ResourceDescription | undefined {
  return RESOURCES.get(kind);
}
