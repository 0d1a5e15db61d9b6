/** Every resource by its kind: what a report has to know of the one that a run was about. */

import type { RateLabel } from '../model/call.js';
import { groups } from '../resources/groups/groups.js';
import { createGroupsRollback } from '../resources/groups/rollback.js';
import { members } from '../resources/members/members.js';
import { createMembersRollback } from '../resources/members/rollback.js';
import type { IdColumn, Resource } from '../resources/resource.js';
import type { InputDefinition } from '../validation/row.js';

/** What reading and reporting need: everything but the work itself. */
export type ResourceDescription = {
  readonly kind: string;
  readonly idColumns: readonly IdColumn[];
  readonly isOptions: (options: object) => boolean;
  /** @param options what shaped the run, as its journal has it */
  readonly input: (options: object) => InputDefinition<unknown>;
  /** The rate label of the writes that `--rate` is about. */
  readonly writeLabel: (options: object) => RateLabel;
};

/** A journal's options are those that the resource of this kind wrote there. */
export function describeResource<Item, O extends object>({
  kind,
  idColumns,
  isOptions,
  input,
  writeLabel,
}: Resource<Item, O>): ResourceDescription {
  return {
    kind,
    idColumns,
    isOptions,
    input: (options) => input(options as O) as InputDefinition<unknown>,
    writeLabel: (options) => writeLabel(options as O),
  };
}

const RESOURCES: ReadonlyMap<string, ResourceDescription> = new Map(
  [
    describeResource(groups),
    describeResource(createGroupsRollback([])),
    describeResource(members),
    describeResource(createMembersRollback([])),
  ].map((one) => [one.kind, one]),
);

/** Undefined for a kind that this version does not know. */
export function findResource(kind: string): ResourceDescription | undefined {
  return RESOURCES.get(kind);
}
