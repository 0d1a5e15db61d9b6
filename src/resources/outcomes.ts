/** Outcomes of rows, in the form that events carry. */
import type { RowOutcome } from '../events/event.js';
import type { RowRef } from '../model/outcome.js';
import { pickMetadata, type Reply, type ResponseMetadata } from '../model/reply.js';
import type { Status } from '../model/statuses.js';
import type { Judgement } from './resource.js';

/** Known outcomes are recorded together: enough that a record costs little, few enough to stay small. */
export const OUTCOMES_PER_RECORD = 1_000;

/** Zoom's ids, as far as they are known. */
export type KnownIds = { readonly groupId?: string | undefined; readonly userId?: string | undefined };

/** The part of a row that events carry. */
export function toRef({ key, fingerprint, name, line }: RowRef): RowRef {
  return { key, fingerprint, name, line };
}

/** @param from Zoom's last answer to the row */
export function toRowOutcome(
  row: RowRef,
  status: Status,
  detail: string,
  { groupId, userId }: KnownIds = {},
  from?: Partial<ResponseMetadata>,
): RowOutcome {
  const { key, fingerprint, name, line } = row;
  // Without a spread it takes half the memory, and most rows of a large file end so.
  if (groupId !== undefined && userId === undefined && from === undefined) {
    return { key, fingerprint, name, line, outcome: { status, detail, ids: { groupId } } };
  }
  const ids = {
    ...(groupId === undefined ? {} : { groupId }),
    ...(userId === undefined ? {} : { userId }),
  };
  const known = groupId === undefined && userId === undefined ? {} : { ids };
  return { key, fingerprint, name, line, outcome: { status, detail, ...known, ...pickMetadata(from) } };
}

/** The judgement that a row has ended, with the arguments of `toRowOutcome`. */
export function settle(...outcome: Parameters<typeof toRowOutcome>): Judgement {
  return { outcomes: [toRowOutcome(...outcome)] };
}

/** A refusal, or a failure after its last attempt. */
export function describeFailure(reply: Reply, attempts: number): string {
  const isRetried = reply.type === 'transient' || reply.type === 'rate-limited';
  const message = reply.message === '' ? `HTTP ${reply.httpStatus}` : reply.message;
  return isRetried && attempts > 1 ? `${message}, ${attempts} times` : message;
}
