/** Undoing a run on members: whom it added is removed again, if the membership still exists. */
import type { RunState } from '../../events/run-state.js';
import { type Api, isApi } from '../../model/choices.js';
import { formatCsvLine } from '../../text/csv-cell.js';
import type { Resource } from '../resource.js';
import { MEMBERS_APIS } from './api/members-apis.js';
import { defineMemberInput, type MemberItem, membershipKey, parseMembershipName } from './fields.js';
import { MEMBER_ID_COLUMNS } from './members.js';
import type { KnownMembership } from './named-groups.js';
import { MembersSession } from './session.js';

/** One membership that a rollback ends. */
export type MemberUndo = KnownMembership & { readonly key: string; readonly email: string };

export type MembersRollbackOptions = {
  readonly api: Api;
  /** The run folder whose changes are undone. */
  readonly source: string;
};

/** Whom a run added and did not remove later. Members that were there before are never in it. */
export function findMemberUndos(state: RunState): readonly MemberUndo[] {
  const undos: MemberUndo[] = [];
  for (const { effects = [] } of state.rows.values()) {
    const last = effects.at(-1);
    const membership = last?.operation === 'add' ? parseMembershipName(last.name) : undefined;
    const groupId = last?.ids.groupId;
    if (!last || !membership || groupId === undefined) continue;
    const { group, email } = membership;
    const { userId } = last.ids;
    const key = membershipKey(group, email);
    undos.push({ key, groupId, group, email, ...(userId === undefined ? {} : { userId }) });
  }
  return undos;
}

/** The rollback's own input as a CSV, so that it is stored and reported like that of any run. */
export function formatMemberUndoCsv(undos: readonly MemberUndo[]): string {
  const lines = undos.map(({ group, email, groupId }) => formatCsvLine([group, email, groupId], ','));
  return formatCsvLine(['group', 'email', 'zoom_group_id'], ',') + lines.join('');
}

/** @param undos what is to be undone, from the run that it is about */
export function createMembersRollback(
  undos: readonly MemberUndo[],
): Resource<MemberItem, MembersRollbackOptions> {
  const known = new Map(undos.map((undo) => [undo.key, undo]));
  return {
    kind: 'members-rollback',
    idColumns: MEMBER_ID_COLUMNS,
    isOptions: ({ api, source }: Partial<Record<keyof MembersRollbackOptions, unknown>>) =>
      isApi(api) && typeof source === 'string',
    input: () => defineMemberInput({ mode: 'remove' }),
    writeLabel: ({ api }) => MEMBERS_APIS[api].remove('x', ['x']).label,
    scopes: ({ api }) => [MEMBERS_APIS[api].scopes.list, MEMBERS_APIS[api].scopes.remove],
    open: (context) =>
      new MembersSession({ ...context, options: { api: context.options.api, mode: 'remove' } }, known),
  };
}
