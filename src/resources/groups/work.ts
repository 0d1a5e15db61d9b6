/** What the parts of one session on groups share. */
import type { RunState } from '../../events/run-state.js';
import type { BodyFormat } from '../../model/choices.js';
import type { RowRef } from '../../model/outcome.js';
import type { ValidatedRow } from '../../validation/row.js';
import type { GroupIndex } from './api/group-index.js';
import type { GroupsApi } from './api/groups-api.js';
import type { GroupItem } from './fields.js';

/** A row in the form in which the session carries it. */
export type GroupRow = RowRef & { readonly item: GroupItem };

/** A row that a closing listing has to settle or to complete. */
export type OpenRow = {
  readonly row: GroupRow;
  /**
   * `doubt`: a create may have taken effect. `doubt-then-conflict`: after that, Zoom said that the name is in use.
   * `conflict`: Zoom said so, and no listing has shown the group. `no-id`: created, but the answer had no id. `created`:
   * complete, checked for a second group of its name.
   */
  readonly cause: 'doubt' | 'doubt-then-conflict' | 'conflict' | 'no-id' | 'created';
  /** The last answer, in one line. */
  readonly message: string;
  /** When its youngest attempt was answered or lost, in ms since 1970: it may have taken effect until then. */
  readonly at: number;
  /** The create was sent again by the closing. */
  readonly wasResent?: true;
};

export type GroupsWork = {
  readonly api: GroupsApi;
  readonly state: RunState;
  /** The listing before the first create; undefined if none was taken. */
  index: GroupIndex | undefined;
  readonly open: Map<string, OpenRow>;
  /** The body format of creates; undefined until the first create has settled it. */
  format: BodyFormat | undefined;
  /** The youngest group that this process is known to have created, and when its create was sent. */
  canary: { readonly key: string; readonly sentAt: number } | undefined;
  /** Whether the user fixed the body format. */
  readonly isFormatFixed: boolean;
};

/** The rows that ask for something: neither invalid ones nor duplicates. */
export async function* readGroupRows(
  batches: AsyncIterable<readonly ValidatedRow<GroupItem>[]>,
): AsyncGenerator<GroupRow, undefined> {
  for await (const batch of batches) {
    for (const validated of batch) {
      if (validated.type !== 'item') continue;
      const { key, fingerprint, name, item, row } = validated;
      yield { key, fingerprint, name, line: row.line, item };
    }
  }
}
