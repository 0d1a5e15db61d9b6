/** The groups that `--write` makes: recorded before each create, deleted by id whatever happens. */
import type { Call } from '../../model/call.js';
import { FatalError } from '../../model/stop.js';
import { nameKey } from '../../resources/groups/api/group.js';
import { type GroupsApi, isUsableId } from '../../resources/groups/api/groups-api.js';
import type { DoctorRecord, RecordedGroup } from '../../storage/doctor-record.js';
import { deleteGroup, isDeleted, TEMPORARY_PREFIX, withoutPrefix } from './leftovers.js';
import { readList } from './read-list.js';
import { mayWorkLater, type Outcome, type Requests } from './requests.js';

/** An answer to a create; `id` is absent if it names none. */
export type CreateOutcome = Outcome & { readonly id?: string };

export class TemporaryGroups {
  readonly api: GroupsApi;
  /** Begins the name of each. */
  readonly base: string;
  readonly #record: DoctorRecord;
  /** Those that are there, or may be. */
  readonly #groups = new Map<string, RecordedGroup>();
  #count = 0;

  /** @param runId unique to this process */
  constructor(api: GroupsApi, record: DoctorRecord, runId: string) {
    this.api = api;
    this.base = `${TEMPORARY_PREFIX}${runId}${api.name.charAt(0)}`;
    this.#record = record;
  }

  /** @param call creates a group of this name */
  async create(requests: Requests, call: Call, name: string): Promise<CreateOutcome> {
    this.#count += 1;
    const group: RecordedGroup = { key: `${this.base}-${this.#count}`, api: this.api.name, name };
    this.#remember(group);
    const outcome = await requests.ask(call);
    const id = outcome.body[this.api.idField] ?? outcome.locationId;
    if (outcome.type === 'success' && isUsableId(id)) {
      this.#remember({ ...group, id });
      return { ...outcome, id };
    }
    if (outcome.type !== 'success' && !outcome.ambiguous) this.#forget(group.key);
    return outcome;
  }

  /** Deletes what there is, and looks for what may be there. @returns what is left */
  async cleanUp(requests: Requests): Promise<readonly RecordedGroup[]> {
    const refused = new Set<string>();
    const isPending = ({ key }: RecordedGroup): boolean => !refused.has(key);
    let isListWhole = false;
    await requests.lookFor(async () => {
      isListWhole = await this.#findIds(requests);
      for (const { key, id } of [...this.#groups.values()].filter(isPending)) {
        if (id === undefined) continue;
        const outcome = await deleteGroup(requests, this.api, id);
        if (isDeleted(outcome)) this.#forget(key);
        else if (!mayWorkLater(outcome)) refused.add(key);
      }
      return [...this.#groups.values()].some(isPending) ? undefined : null;
    });
    // One that no list has shown until now was not made.
    const isProven = isListWhole && !requests.signal.aborted;
    for (const { key, id } of [...this.#groups.values()]) if (id === undefined && isProven) this.#forget(key);
    return [...this.#groups.values()];
  }

  /** Finds the ids of groups whose create was not answered, or without an id. @returns whether it saw all groups */
  async #findIds(requests: Requests): Promise<boolean> {
    const lost = [...this.#groups.values()].filter(({ id }) => id === undefined);
    if (lost.length === 0) return true;
    const { groups, isWhole } = await readList(requests, this.api);
    const known = new Set([...this.#groups.values()].map(({ id = '' }) => withoutPrefix(id)));
    for (const group of lost) {
      const found = groups.find(
        ({ id, name }) => !known.has(withoutPrefix(id)) && nameKey(name) === nameKey(group.name),
      );
      if (!found) continue;
      known.add(withoutPrefix(found.id));
      this.#remember({ ...group, id: found.id });
    }
    return isWhole;
  }

  #remember(group: RecordedGroup): void {
    try {
      this.#record.write(group);
    } catch (error) {
      // Without the first line, nothing is sent; the group is known by its name without the second.
      if (group.id === undefined || !(error instanceof FatalError)) throw error;
    }
    this.#groups.set(group.key, group);
  }

  #forget(key: string): void {
    this.#groups.delete(key);
    this.#record.forget(key);
  }
}
