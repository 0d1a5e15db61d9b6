/** A step's attempts, replies and outcome as the events that the journal keeps. */
import type { Event } from '../events/event.js';
import type { Outcome, Reply } from '../model/outcome.js';
import type { Decision } from '../resilience/retry-policy.js';
import type { Group, Settings } from '../resources/groups/group.js';
import type { Planned } from '../resources/groups/plan.js';

/** About to send: recorded before the request leaves. */
export function attemptEvent(planned: Planned, n: number, at: number): Event {
  const { key, line, settings, step, definition } = planned;
  const row = { e: 'attempt', at, key, name: definition.name, line, settings, n } as const;
  switch (step.do) {
    case 'create':
      return { ...row, op: 'create' };
    case 'update':
    case 'restore':
      return { ...row, op: step.do, groupId: step.group.id, before: valuesBefore(step) };
    case 'delete':
      return { ...row, op: 'delete', groupId: step.group.id };
    case 'nothing':
    case 'settle':
      throw new Error(`a step that sends nothing was recorded: ${step.do}`);
  }
}

/** Only what is about to change: what the file does not manage is never put back either. */
function valuesBefore({ group, change }: { group: Group; change: Settings }): Settings {
  const managed = Object.keys(change) as (keyof Settings)[];
  return Object.fromEntries(managed.map((setting) => [setting, group[setting]]));
}

/** What an attempt taught us, and whether the row waits for another. */
export function replyEvent({ key, line }: Planned, reply: Reply, at: number, decision: Decision): Event {
  const { kind, http, code, trackingId } = reply;
  const message = decision.do === 'look-up' ? (decision.said ?? reply.message) : reply.message;
  return {
    e: 'reply',
    at,
    key,
    line,
    kind,
    ...(http === undefined ? {} : { http }),
    ...(code === undefined ? {} : { code }),
    ...(message === '' ? {} : { message }),
    ...(trackingId === undefined ? {} : { trackingId }),
    ...('ambiguous' in reply ? { ambiguous: reply.ambiguous } : {}),
    ...(reply.kind === 'done' && reply.groupId !== undefined ? { groupId: reply.groupId } : {}),
    ...(decision.do === 'again' ? { againInMs: decision.waitMs } : {}),
  };
}

/** How the row ended. */
export function settledEvent(planned: Planned, outcome: Outcome, at: number): Event {
  const { key, line, settings, definition } = planned;
  return { e: 'settled', at, key, name: definition.name, line, settings, outcome };
}
