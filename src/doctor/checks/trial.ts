/** What the checks of `--write` share: a group that was just created, and how to create others. */
import type { BodyFormat } from '../../model/choices.js';
import type { Definition } from '../../resources/groups/api/group.js';
import { LISTING_LAG_MAX_MS } from '../../resources/groups/closing.js';
import type { Bodies } from '../observe/observations.js';
import { readList } from '../observe/read-list.js';
import type { Requests } from '../observe/requests.js';
import type { CreateOutcome, TemporaryGroups } from '../observe/temporary-groups.js';
import { type Finding, ok, SEND_IN, warn } from './finding.js';

export type Trial = {
  readonly requests: Requests;
  readonly groups: TemporaryGroups;
  /** One that creates are accepted in. */
  readonly format: BodyFormat;
  /** The group without settings that others are compared with. */
  readonly id: string;
  readonly name: string;
  /** When a list first showed it, and with which id; absent if none did in time. */
  readonly listed?: { readonly found: string; readonly afterMs: number };
  /** Whether IM groups can be read too, which shows what a contact group's privacy means. */
  readonly isImAlive: boolean;
};

/** Tries every body format. @returns what they showed, and the trial that a success makes possible */
export async function openTrial(
  requests: Requests,
  groups: TemporaryGroups,
  isImAlive: boolean,
): Promise<{ readonly bodies: Bodies; readonly trial?: Trial }> {
  const { api } = groups;
  const bodies: Bodies = {};
  let created: Pick<Trial, 'format' | 'id' | 'name'> | undefined;
  for (const format of api.bodyFormats) {
    const name = `${groups.base} Caf\u00e9 ${format}`;
    const outcome = await groups.create(requests, api.create({ name }, format), name);
    bodies[format] = outcome;
    if (outcome.stop) return { bodies };
    if (outcome.id !== undefined) created = { format, id: outcome.id, name };
  }
  if (!created) return { bodies };
  const { id, name } = created;
  const listed = await requests.lookFor(async () => {
    const { groups: shown, list } = await readList(requests, api);
    // Ids may be spelled in another way by the list, so the name counts too.
    const found = shown.find((group) => group.id === id || group.name === name);
    return found?.id ?? (list.type === 'success' ? undefined : null);
  });
  return { bodies, trial: { requests, groups, isImAlive, ...created, ...(listed ? { listed } : {}) } };
}

export function createGroup(
  { requests, groups, format }: Trial,
  definition: Definition,
): Promise<CreateOutcome> {
  return groups.create(requests, groups.api.create(definition, format), definition.name);
}

/** @param afterMs when a list first showed the new group or member */
export function judgeLag(what: string, afterMs: number | undefined, todo: string): Finding {
  const answer = { after_ms: afterMs ?? null };
  if (afterMs === undefined) return warn(`no list showed the new ${what} in time`, todo, { answer });
  const found = `a list shows a new ${what} after ${(afterMs / 1000).toFixed(1)} s`;
  return afterMs <= LISTING_LAG_MAX_MS ? ok(found, { answer }) : warn(found, SEND_IN, { answer });
}
