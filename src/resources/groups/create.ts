/** Creating a group, and what each reply to it proves. */
import { isInDoubt } from '../../events/row-state.js';
import type { BodyFormat } from '../../model/choices.js';
import type { Reply } from '../../model/reply.js';
import { createStop } from '../../model/stop.js';
import type { JudgeContext, Judgement, Step } from '../resource.js';
import { normalizeName } from './api/group.js';
import { isUsableId } from './api/groups-api.js';
import { compareWithGroup, createOutcome, describeFailure, settle } from './outcomes.js';
import { type GroupRow, type GroupsWork, type OpenRow, toRef } from './work.js';

type Attempt = {
  readonly format: BodyFormat;
  /** The second format of `--body auto`, after the first was refused. */
  readonly isSecondFormat?: true;
  /** Sent again by the closing, after a listing did not show the group. */
  readonly isResent?: true;
};

/** The create of a row, in the format that is settled, or in the first one. */
export function createGroup(work: GroupsWork, row: GroupRow, isResent?: true): Step {
  const format = work.format ?? work.api.bodyFormats[0];
  return createStep(work, row, { format, ...(isResent ? { isResent } : {}) });
}

function createStep(work: GroupsWork, row: GroupRow, attempt: Attempt): Step {
  const { api, index } = work;
  const absentBefore = index !== undefined && index.findAlike(row.key).length === 0;
  return {
    operation: 'create',
    effect: 'write',
    rows: [toRef(row)],
    call: api.create(row.item.definition, attempt.format),
    // If names may repeat, a create that is sent twice makes two groups.
    onLost: api.uniqueNames ? 'resend' : 'judge',
    note: { absentBefore },
    judge: (reply, context) => {
      const judgement = judgeCreate(work, row, attempt, reply, context);
      return withFormat(work, attempt, reply, judgement);
    },
  };
}

/** Settles the body format of the run by the first create that Zoom accepts or calls a duplicate. */
function withFormat(
  work: GroupsWork,
  { format, isSecondFormat }: Attempt,
  reply: Reply,
  judgement: Judgement,
): Judgement {
  if (work.format !== undefined || (reply.type !== 'success' && reply.type !== 'conflict')) return judgement;
  work.format = format;
  const notes = [...(judgement.notes ?? []), { bodyFormat: format }];
  if (!isSecondFormat) return { ...judgement, notes };
  const warning = `Zoom refused ${work.api.bodyFormats[0]} request bodies and accepted ${format}: ${format} is used for this run`;
  return { ...judgement, notes, warnings: [...(judgement.warnings ?? []), warning] };
}

function judgeCreate(
  work: GroupsWork,
  row: GroupRow,
  attempt: Attempt,
  reply: Reply,
  { ambiguous, attempts, now, sentAt }: JudgeContext,
): Judgement {
  const isDoubtful = ambiguous || hasOlderDoubts(work, row);
  const failure = describeFailure(reply, attempts);
  const leaveOpen = (more: Partial<OpenRow> = {}): Judgement => {
    const resent = attempt.isResent ? { wasResent: true as const } : {};
    work.open.set(row.key, { row, cause: 'doubt', message: failure, at: now, ...resent, ...more });
    return {};
  };
  switch (reply.type) {
    case 'success':
      return judgeCreated(work, row, reply, { now, sentAt });
    case 'conflict':
      return isDoubtful ? leaveOpen({ sawConflict: true }) : judgeConflict(work, row, reply, now);
    case 'rejected':
      if (reply.bodyFormat && work.format === undefined && !attempt.isSecondFormat) {
        const second = work.api.bodyFormats[1];
        if (second)
          return { steps: [createStep(work, row, { ...attempt, format: second, isSecondFormat: true })] };
      }
      if (reply.httpStatus === 415 && work.isFormatFixed)
        return { stop: bodyRefused(attempt.format, reply.message) };
      return isDoubtful ? leaveOpen() : settle(row, createOutcome('failed', failure, undefined, reply));
    case 'not-found':
    case 'transient':
    case 'rate-limited':
      return isDoubtful ? leaveOpen() : settle(row, createOutcome('failed', failure, undefined, reply));
    case 'fatal':
      return { stop: reply.stop };
    case 'unauthorized':
    case 'quota-exceeded':
      throw new Error(`a reply that ends the run was judged: ${reply.type}`);
  }
}

/** Doubts that are not of the attempt being judged: left by an earlier process, or by a create that was sent again. */
function hasOlderDoubts({ state }: GroupsWork, { key }: GroupRow): boolean {
  const row = state.rows.get(key);
  // The attempt that is being judged is one of them until its reply is recorded.
  return isInDoubt(row) && (row?.doubts?.size ?? 0) > 1;
}

function judgeCreated(
  work: GroupsWork,
  row: GroupRow,
  reply: Extract<Reply, { type: 'success' }>,
  { now, sentAt }: Pick<JudgeContext, 'now' | 'sentAt'>,
): Judgement {
  const { idField, nameField, uniqueNames } = work.api;
  const inBody = reply.body[idField];
  const id = [inBody, reply.locationId].find(isUsableId);
  const name = reply.body[nameField];
  const isChanged =
    typeof name === 'string' &&
    name !== '' &&
    normalizeName(name) !== normalizeName(row.item.definition.name);
  const detail = isChanged ? `Zoom writes the name ${JSON.stringify(name)}` : '';
  if (id === undefined) work.open.set(row.key, { row, cause: 'no-id', message: detail, at: now });
  else {
    if (!work.canary || work.canary.sentAt < sentAt) work.canary = { key: row.key, sentAt };
    // If names may repeat, another process may have created the same group at the same time.
    if (!uniqueNames) work.open.set(row.key, { row, cause: 'created', message: detail, at: now });
  }
  return settle(row, createOutcome('created', detail, id, reply));
}

/** The name is in use: the first listing may have shown it written in another way, otherwise the closing one tells. */
function judgeConflict(work: GroupsWork, row: GroupRow, reply: Reply, now: number): Judgement {
  const alike = work.index?.findAlike(row.key) ?? [];
  const [group] = alike;
  if (group) {
    const detail = compareWithGroup(row.item.definition, group, alike.length);
    return settle(row, createOutcome('already-provisioned', detail, group.id, reply));
  }
  work.open.set(row.key, { row, cause: 'conflict', message: reply.message, at: now });
  return settle(row, createOutcome('already-provisioned', '', undefined, reply));
}

function bodyRefused(format: BodyFormat, message: string): ReturnType<typeof createStop> {
  const other = format === 'json' ? 'multipart' : 'json';
  return createStop(
    'media-type',
    `Zoom does not accept ${format} request bodies: ${message}`,
    `Use --body ${other} or --body auto.`,
  );
}
