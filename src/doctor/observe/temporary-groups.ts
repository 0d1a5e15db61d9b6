/** The groups that `--write` makes: recorded before each create, deleted by id whatever happens. */
import type { Call } from '../../model/call.js';
import { FatalError } from '../../model/stop.js';
import { nameKey } from '../../resources/groups/api/group.js';
import type { GroupsApi } from '../../resources/groups/api/groups-api.js';
import { isUsableId } from '../../resources/groups/api/groups-api.js';
import type { DoctorRecord } from '../../storage/doctor-record.js';
import { isDeleted, withoutPrefix } from './leftovers.js';
import { readList } from './read-list.js';
import { mayWorkLater, type Outcome, type Requests } from './requests.js';

/** A temporary group that could not be deleted. */
export type Remaining = { readonly api: GroupsApi['name']; readonly name: string; readonly id?: string };

type Temporary = {
  readonly key: string;
  readonly name: string;
  id?: string;
};

/** Between the attempts to delete, and to find a group whose create was not answered. */
const WAITS_MS: readonly number[] = [0, 1_000, 2_000, 4_000, 8_000, 16_000];

/** A list is read no longer than this when a group is looked for. */
const LIST_MS = 15_000;

export class TemporaryGroups {
  readonly api: GroupsApi;
  readonly #requests: Requests;
  readonly #record: DoctorRecord;
  /** Begins the keys of this process. */
  readonly #runId: string;
  readonly #groups = new Map<string, Temporary>();
  #count = 0;

  constructor(api: GroupsApi, requests: Requests, record: DoctorRecord, runId: string) {
    this.api = api;
    this.#requests = requests;
    this.#record = record;
    this.#runId = runId;
  }

  /** @param call creates a group of this name */
  async create(call: Call, name: string, signal: AbortSignal): Promise<Outcome & { readonly id?: string }> {
    this.#count += 1;
    const temporary: Temporary = { key: `${this.#runId}-${this.api.name}-${this.#count}`, name };
    const outcome = await this.#requests.ask(call, signal, () => {
      if (!this.#groups.has(temporary.key)) this.#remember(temporary);
      return true;
    });
    const id = outcome.body[this.api.idField] ?? outcome.locationId;
    if (outcome.type === 'success' && isUsableId(id)) {
      temporary.id = id;
      this.#remember(temporary);
      return { ...outcome, id };
    }
    if (outcome.type !== 'success' && !outcome.ambiguous) this.#forget(temporary.key);
    return outcome;
  }

  /** Deletes one before the end. */
  async remove(id: string, signal: AbortSignal): Promise<Outcome> {
    const outcome = await this.#requests.ask(this.api.remove(id), signal);
    if (isDeleted(outcome)) for (const { key } of this.#withId(id)) this.#forget(key);
    return outcome;
  }

  /** Deletes what there is, and looks for what may be there. @returns what is left */
  async cleanUp(signal: AbortSignal): Promise<readonly Remaining[]> {
    const refused = new Set<string>();
    for (const waitMs of WAITS_MS) {
      const pending = [...this.#groups.values()].filter(({ key }) => !refused.has(key));
      if (pending.length === 0 || signal.aborted) break;
      await this.#requests.clock.sleep(waitMs, signal);
      await this.#findIds(signal);
      for (const { key, id } of pending.filter(({ key }) => this.#groups.has(key))) {
        if (id === undefined) continue;
        const outcome = await this.remove(id, signal);
        if (!isDeleted(outcome) && !mayWorkLater(outcome)) refused.add(key);
      }
    }
    // One that no list has shown until now was not made.
    if (!signal.aborted && (await this.#canList(signal))) {
      for (const { key, id } of [...this.#groups.values()]) if (id === undefined) this.#forget(key);
    }
    const { name: api } = this.api;
    return [...this.#groups.values()].map(({ name, id }) => ({
      api,
      name,
      ...(id === undefined ? {} : { id }),
    }));
  }

  /** Finds the ids of groups whose create was not answered, or without an id, by their names. */
  async #findIds(signal: AbortSignal): Promise<void> {
    const lost = [...this.#groups.values()].filter(({ id }) => id === undefined);
    if (lost.length === 0) return;
    const { groups } = await readList(this.#requests, this.api, signal, LIST_MS);
    const known = new Set(
      [...this.#groups.values()].flatMap(({ id }) => (id === undefined ? [] : [withoutPrefix(id)])),
    );
    for (const temporary of lost) {
      const found = groups.find(
        ({ id, name }) => !known.has(withoutPrefix(id)) && nameKey(name) === nameKey(temporary.name),
      );
      if (!found) continue;
      known.add(withoutPrefix(found.id));
      temporary.id = found.id;
      this.#remember(temporary);
    }
  }

  async #canList(signal: AbortSignal): Promise<boolean> {
    if ([...this.#groups.values()].every(({ id }) => id !== undefined)) return false;
    return (await readList(this.#requests, this.api, signal, LIST_MS)).isWhole;
  }

  #withId(id: string): readonly Temporary[] {
    return [...this.#groups.values()].filter((temporary) => temporary.id === id);
  }

  #remember(temporary: Temporary): void {
    const { key, name, id } = temporary;
    try {
      this.#record.write({ key, api: this.api.name, name, ...(id === undefined ? {} : { id }) });
    } catch (error) {
      // Without the first line, nothing is sent; the group is known by its name without the second.
      if (id === undefined || !(error instanceof FatalError)) throw error;
    }
    this.#groups.set(key, temporary);
  }

  #forget(key: string): void {
    this.#groups.delete(key);
    this.#record.forget(key);
  }
}
