/** Creating a group, and what each reply to it proves. */
import { listDoubts } from '../../events/row-state.js';
import type { BodyFormat } from '../../model/choices.js';
import type { JudgedReply } from '../../model/reply.js';
import { createStop, type Stop } from '../../model/stop.js';
import { describeFailure, settle, toRef } from '../outcomes.js';
import type { JudgeContext, Judgement, Step } from '../resource.js';
import { compareWithGroup, normalizeName } from './api/group.js';
import { isUsableId } from './api/groups-api.js';
import type { GroupRow, GroupsWork, OpenRow } from './work.js';

type Attempt = {
  /** The second format of `--body auto`, after the first was refused. */
  readonly secondFormat?: BodyFormat;
  /** Sent again by the closing, after a listing did not show the group. */
  readonly isResent?: true;
};

/** The create of a row, in the format that is settled, or in the first one. */
export function createGroup(work: GroupsWork, row: GroupRow, attempt: Attempt = {}): Step {
  const { api, index } = work;
  const format = attempt.secondFormat ?? work.format ?? api.bodyFormats[0];
  const absentBefore = index !== undefined && index.findAlike(row.key).length === 0;
  return {
    operation: 'create',
    effect: 'write',
    rows: [toRef(row)],
    call: api.create(row.item.definition, format),
    // If names may repeat, a create that is sent twice makes two groups.
    onLost: api.uniqueNames ? 'resend' : 'judge',
    note: { absentBefore },
    judge: (reply, context) => {
      const judgement = judgeCreate(work, row, attempt, reply, context);
      const isAccepted = reply.type === 'success' || reply.type === 'conflict';
      if (work.format !== undefined || !isAccepted) return judgement;
      // The first create that Zoom accepts or calls a duplicate settles the body format of the run.
      work.format = format;
      const warning = `Zoom refused ${api.bodyFormats[0]} request bodies and accepted ${format}: ${format} is used for this run`;
      return {
        ...judgement,
        notes: [{ bodyFormat: format }],
        ...(attempt.secondFormat ? { warnings: [warning] } : {}),
      };
    },
  };
}

function judgeCreate(
  work: GroupsWork,
  row: GroupRow,
  attempt: Attempt,
  reply: JudgedReply,
  context: JudgeContext,
): Judgement {
  // Older doubts were left by an earlier process, or by a create that was sent again; the attempt that is being judged
  // is one of the doubts until its reply is recorded.
  const isDoubtful = context.ambiguous || listDoubts(work.state.rows.get(row.key)).length > 1;
  const failure = describeFailure(reply, context.attempts);
  const leaveOpen = (cause: OpenRow['cause']): Judgement => {
    const resent = attempt.isResent ? { wasResent: true as const } : {};
    work.open.set(row.key, { row, cause, message: failure, at: context.now, ...resent });
    return {};
  };
  const fail = (): Judgement => (isDoubtful ? leaveOpen('doubt') : settle(row, 'failed', failure, {}, reply));
  switch (reply.type) {
    case 'success':
      return judgeCreated(work, row, reply, context);
    case 'conflict':
      return isDoubtful ? leaveOpen('doubt-then-conflict') : judgeConflict(work, row, reply, context.now);
    case 'rejected': {
      const [, secondFormat] = work.api.bodyFormats;
      if (reply.bodyFormat && work.format === undefined && secondFormat && !attempt.secondFormat) {
        return { steps: [createGroup(work, row, { ...attempt, secondFormat })] };
      }
      if (reply.httpStatus === 415 && work.isFormatFixed) return { stop: formRefused(reply.message) };
      return fail();
    }
    case 'not-found':
    case 'transient':
    case 'rate-limited':
      return fail();
    case 'fatal':
      return { stop: reply.stop };
  }
}

function judgeCreated(
  work: GroupsWork,
  row: GroupRow,
  reply: Extract<JudgedReply, { type: 'success' }>,
  { now, sentAt }: JudgeContext,
): Judgement {
  const { idField, nameField, uniqueNames } = work.api;
  const groupId = [reply.body[idField], reply.locationId].find(isUsableId);
  const name = reply.body[nameField];
  const isChanged =
    typeof name === 'string' &&
    name !== '' &&
    normalizeName(name) !== normalizeName(row.item.definition.name);
  const detail = isChanged ? `Zoom writes the name ${JSON.stringify(name)}` : '';
  if (groupId === undefined) work.open.set(row.key, { row, cause: 'no-id', message: detail, at: now });
  else {
    if (!work.canary || work.canary.sentAt < sentAt) work.canary = { key: row.key, sentAt };
    // If names may repeat, another process may have created the same group at the same time.
    if (!uniqueNames) work.open.set(row.key, { row, cause: 'created', message: detail, at: now });
  }
  return settle(row, 'created', detail, { groupId }, reply);
}

/** The name is in use: the first listing may have shown it written in another way, otherwise the closing one tells. */
function judgeConflict(work: GroupsWork, row: GroupRow, reply: JudgedReply, now: number): Judgement {
  const alike = work.index?.findAlike(row.key) ?? [];
  const [group] = alike;
  if (group) {
    const detail = compareWithGroup(row.item.definition, group, alike.length);
    return settle(row, 'already-provisioned', detail, { groupId: group.id }, reply);
  }
  work.open.set(row.key, { row, cause: 'conflict', message: reply.message, at: now });
  return settle(row, 'already-provisioned', '', {}, reply);
}

/** A 415 to JSON is a stop of its own: nothing but JSON is left to try. */
function formRefused(message: string): Stop {
  return createStop(
    'media-type',
    `Zoom does not accept multipart request bodies: ${message}`,
    'Use --body json or --body auto.',
  );
}
