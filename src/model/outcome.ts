/** How a row ended, with what the results say about it. */
import type { ResponseMetadata } from './reply.js';
import type { Status } from './statuses.js';

export type Outcome = {
  readonly status: Status;
  /** For the user; empty if there is nothing to add. */
  readonly detail: string;
  /** Zoom's ids by name, such as `groupId`; a resource declares which columns show them. */
  readonly ids?: Readonly<Record<string, string>>;
} & Pick<ResponseMetadata, 'httpStatus' | 'code' | 'trackingId'>;

/** Which row of the input something is about: found again by `key`, also in an edited or sorted file. */
export type RowRef = {
  /** What makes two rows the same one, such as the canonical form of a group's name. */
  readonly key: string;
  /** What the row asks for, as one text: a row whose fingerprint changed is another wish for the same key. */
  readonly fingerprint: string;
  /** For messages; as it is sent. */
  readonly name: string;
  /** The physical line on which the row starts; 0 if it stands in no file. */
  readonly line: number;
};
