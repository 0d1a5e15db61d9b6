/** Reads one group: the evidence for a delete, and for calling a group created by this run. */
import type { RowRef } from '../../../model/outcome.js';
import { toRef } from '../../outcomes.js';
import type { Judgement, Step } from '../../resource.js';
import type { Group } from './group.js';
import type { GroupsApi } from './groups-api.js';

export type GroupReading =
  | { readonly type: 'found'; readonly group: Group }
  | { readonly type: 'missing' }
  /** The group's state cannot be determined. */
  | { readonly type: 'unreadable'; readonly reason: string };

export function readGroup(
  api: GroupsApi,
  row: RowRef,
  groupId: string,
  judge: (reading: GroupReading) => Judgement,
): Step {
  return {
    operation: 'read-group',
    effect: 'read',
    rows: [toRef(row)],
    call: api.get(groupId),
    onLost: 'resend',
    onFatal: 'judge',
    judge: (reply) => {
      if (reply.type === 'not-found') return judge({ type: 'missing' });
      const group = reply.type === 'success' ? api.parse(reply.body) : undefined;
      if (group) return judge({ type: 'found', group });
      const reason = reply.type === 'success' ? 'the response has no group' : reply.message;
      return judge({ type: 'unreadable', reason });
    },
  };
}
