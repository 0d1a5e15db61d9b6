/** What `--write` tries on temporary groups of one API. */

import type { Call } from '../../model/call.js';
import type { BodyFormat } from '../../model/choices.js';
import type { Definition } from '../../resources/groups/api/group.js';
import type { GroupsApi } from '../../resources/groups/api/groups-api.js';
import { imGroups } from '../../resources/groups/api/im-groups.js';
import type { Person } from '../../resources/members/api/members-api.js';
import { TEMPORARY_PREFIX } from './leftovers.js';
import { MemberTrialRun, type MemberTrials } from './member-trials.js';
import { readList } from './read-list.js';
import type { Outcome, Requests } from './requests.js';
import type { TemporaryGroups } from './temporary-groups.js';

/** A create under a certain name, or with a certain body. */
export type CreateTrial = Outcome & { readonly id?: string; readonly sentName: string };

export type Trials = {
  /** By body format, those that the API may take. */
  readonly bodies: Readonly<Partial<Record<BodyFormat, CreateTrial>>>;
  /** The rest is absent if no group could be created. */
  readonly created?: {
    /** The group that was created without settings, as GET one shows it. */
    readonly defaults: Outcome;
    /** When a list first showed a new group; absent if it did not in time. */
    readonly listed?: { readonly afterMs: number; readonly id: string };
    readonly id: string;
    readonly names: Readonly<Record<NameVariant, CreateTrial>>;
    readonly lengths: Readonly<Record<'128' | '129' | 'emoji', CreateTrial>>;
    readonly unknownField: CreateTrial;
    readonly update: { readonly outcome: Outcome; readonly before: Outcome; readonly after: Outcome };
    readonly deletes: { readonly first: Outcome; readonly second: Outcome; readonly read: Outcome };
    /** A contact group of type `shared`, as the other API shows it. */
    readonly members?: MemberTrials;
    readonly shared?: { readonly created: CreateTrial; readonly asImGroup: Outcome };
  };
};

/** How a second name differs from that of an existing group. */
export const NAME_VARIANTS = {
  same: (name: string): string => name,
  case: (name: string): string => name.toUpperCase(),
  'outer-blanks': (name: string): string => ` ${name} `,
  'double-blanks': (name: string): string => name.replaceAll(' ', '  '),
  decomposed: (name: string): string => name.normalize('NFD'),
} as const;

export type NameVariant = keyof typeof NAME_VARIANTS;

/** The longest name that Zoom documents. */
const NAME_LENGTH_MAX = 128;

/** A list is asked for a new group after these waits; 31 seconds in all. */
const LIST_WAITS_MS: readonly number[] = [0, 1_000, 2_000, 4_000, 8_000, 16_000];

const LIST_MS = 15_000;

export class TrialRun {
  readonly #groups: TemporaryGroups;
  readonly #requests: Requests;
  readonly #signal: AbortSignal;
  /** Begins every name: the prefix and what is unique to this process. */
  readonly #base: string;

  constructor(groups: TemporaryGroups, requests: Requests, runId: string, signal: AbortSignal) {
    this.#groups = groups;
    this.#requests = requests;
    this.#signal = signal;
    this.#base = `${TEMPORARY_PREFIX}${runId}`;
  }

  get #api(): GroupsApi {
    return this.#groups.api;
  }

  /**
   * @param person a user to try memberships with
   * @param isImAlive whether IM groups can be read too, which shows what a contact group's privacy means
   */
  async run(isImAlive: boolean, person: Person | undefined): Promise<Trials> {
    const bodies: Partial<Record<BodyFormat, CreateTrial>> = {};
    for (const format of this.#api.bodyFormats) {
      bodies[format] = await this.#create({ name: `${this.#base} Caf\u00e9 ${format}` }, format);
      if (bodies[format]?.stop) return { bodies };
    }
    const format = this.#api.bodyFormats.findLast((one) => bodies[one]?.id !== undefined);
    const reference = format && bodies[format];
    if (!format || reference?.id === undefined) return { bodies };
    const listed = await this.#waitForListing(reference.id, reference.sentName);
    const defaults = await this.#get(reference.id);
    const names = await this.#tryNames(reference.sentName, format);
    const lengths = {
      '128': await this.#create({ name: this.#nameOfLength(NAME_LENGTH_MAX) }, format),
      '129': await this.#create({ name: this.#nameOfLength(NAME_LENGTH_MAX + 1) }, format),
      // As many code points, and more UTF-16 units and bytes.
      emoji: await this.#create(
        { name: this.#nameOfLength(NAME_LENGTH_MAX).replaceAll('x', '\u{1f600}') },
        format,
      ),
    };
    const unknownField = await this.#send(
      addField(this.#api.create({ name: `${this.#base} field` }, format)),
      `${this.#base} field`,
    );
    const shared = this.#api.name === 'contacts' && isImAlive ? await this.#tryShared(format) : undefined;
    const members =
      person &&
      (await new MemberTrialRun(this.#groups, this.#requests, this.#base, this.#signal).run(person, format));
    const update = await this.#tryUpdate(reference.id, defaults);
    const deletes = await this.#tryDeletes(reference.id);
    const { id } = reference;
    return {
      bodies,
      created: {
        id,
        ...(listed ? { listed } : {}),
        defaults,
        names,
        lengths,
        unknownField,
        ...(shared ? { shared } : {}),
        ...(members ? { members } : {}),
        update,
        deletes,
      },
    };
  }

  #create(definition: Definition, format: BodyFormat): Promise<CreateTrial> {
    return this.#send(this.#api.create(definition, format), definition.name);
  }

  async #send(call: Call, sentName: string): Promise<CreateTrial> {
    return { ...(await this.#groups.create(call, sentName, this.#signal)), sentName };
  }

  #get(id: string): Promise<Outcome> {
    return this.#requests.ask(this.#api.get(id), this.#signal);
  }

  #nameOfLength(length: number): string {
    const start = `${this.#base} ${length} `;
    return start.padEnd(length, 'x');
  }

  async #tryNames(name: string, format: BodyFormat): Promise<Record<NameVariant, CreateTrial>> {
    const { same, case: upper, decomposed } = NAME_VARIANTS;
    return {
      same: await this.#create({ name: same(name) }, format),
      case: await this.#create({ name: upper(name) }, format),
      'outer-blanks': await this.#create({ name: NAME_VARIANTS['outer-blanks'](name) }, format),
      'double-blanks': await this.#create({ name: NAME_VARIANTS['double-blanks'](name) }, format),
      decomposed: await this.#create({ name: decomposed(name) }, format),
    };
  }

  /** Ids may be spelled in another way by the list, so the name counts too. */
  async #waitForListing(
    id: string,
    name: string,
  ): Promise<{ readonly afterMs: number; readonly id: string } | undefined> {
    const { clock } = this.#requests;
    const since = clock.monotonic();
    for (const waitMs of LIST_WAITS_MS) {
      await clock.sleep(waitMs, this.#signal);
      if (this.#signal.aborted) return undefined;
      const afterMs = clock.monotonic() - since;
      const { groups, list } = await readList(this.#requests, this.#api, this.#signal, LIST_MS);
      const found = groups.find((group) => group.id === id || group.name === name);
      if (found) return { afterMs: Math.round(afterMs), id: found.id };
      if (list.type !== 'success') return undefined;
    }
    return undefined;
  }

  async #tryShared(
    format: BodyFormat,
  ): Promise<{ readonly created: CreateTrial; readonly asImGroup: Outcome } | undefined> {
    const created = await this.#create({ name: `${this.#base} shared`, type: 'shared' }, format);
    if (created.id === undefined) return undefined;
    return { created, asImGroup: await this.#requests.ask(imGroups.get(created.id), this.#signal) };
  }

  /** One field alone: the others must stay as they are. */
  async #tryUpdate(
    id: string,
    before: Outcome,
  ): Promise<{ readonly outcome: Outcome; readonly before: Outcome; readonly after: Outcome }> {
    const outcome = await this.#requests.ask(this.#api.update(id, { type: 'restricted' }), this.#signal);
    return { outcome, before, after: await this.#get(id) };
  }

  async #tryDeletes(
    id: string,
  ): Promise<{ readonly first: Outcome; readonly second: Outcome; readonly read: Outcome }> {
    const first = await this.#groups.remove(id, this.#signal);
    const second = await this.#requests.ask(this.#api.remove(id), this.#signal);
    return { first, second, read: await this.#get(id) };
  }
}

/** A field that no document names. */
function addField(call: Call): Call {
  const { body } = call;
  if (body === undefined) return call;
  const name = 'zz_doctor_unknown';
  return body.type === 'json'
    ? { ...call, body: { type: 'json', value: { ...body.value, [name]: 'x' } } }
    : { ...call, body: { type: 'form', parts: [...body.parts, [name, 'x']] } };
}
