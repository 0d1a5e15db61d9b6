/** What `--write --member` tries: the user in a temporary group, by e-mail address and by id. */
import type { Call } from '../../model/call.js';
import type { BodyFormat } from '../../model/choices.js';
import { isUsableId } from '../../resources/groups/api/groups-api.js';
import type { Member, MembersApi, Person } from '../../resources/members/api/members-api.js';
import { MEMBERS_APIS } from '../../resources/members/api/members-apis.js';
import { USER_STATUSES } from '../../resources/members/users.js';
import type { Outcome, Requests } from './requests.js';
import type { TemporaryGroups } from './temporary-groups.js';

export type AddTrial = {
  readonly outcome: Outcome;
  /** How many ids the answer names. */
  readonly named: number;
};

export type MemberTrials = {
  /** Contact groups take ids, which the account's users must show; the rest is absent without one. */
  readonly isIdKnown: boolean;
  /** IM groups only. */
  readonly byEmail?: AddTrial;
  readonly byId?: AddTrial;
  /** When a list first showed the member. */
  readonly listedAfterMs?: number;
  readonly twice?: AddTrial;
  readonly unknown?: AddTrial;
  /** IM groups only. */
  readonly eleven?: AddTrial;
  readonly remove?: Outcome;
  readonly removeAgain?: Outcome;
};

/** A user page is as long as Zoom allows, and a few show every user of most accounts. */
const PAGE_SIZE = '2000';
const PAGES_MAX = 20;

const LIST_WAITS_MS: readonly number[] = [0, 1_000, 2_000, 4_000, 8_000, 16_000];

/** No user has this id. */
const UNKNOWN_ID = 'zzDoctorNoSuchUser0000';

/** Looks the user's id up in the account's users. */
export async function findPerson(requests: Requests, email: string, signal: AbortSignal): Promise<Person> {
  const wanted = email.trim().toLowerCase();
  for (const status of USER_STATUSES) {
    let pageToken = '';
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const query = {
        status,
        page_size: PAGE_SIZE,
        ...(pageToken === '' ? {} : { next_page_token: pageToken }),
      };
      const call: Call = { label: 'medium', method: 'GET', path: '/users', query, success: 200 };
      const { body } = await requests.ask(call, signal);
      const users: readonly unknown[] = Array.isArray(body.users) ? body.users : [];
      const user = users.filter(isUser).find((one) => one.email.toLowerCase() === wanted);
      if (user) return { id: isUsableId(user.id) ? user.id : undefined, email: email.trim() };
      const { next_page_token: next } = body;
      if (typeof next !== 'string' || next === '') break;
      pageToken = next;
    }
  }
  return { id: undefined, email: email.trim() };
}

function isUser(value: unknown): value is { readonly id?: unknown; readonly email: string } {
  return typeof value === 'object' && value !== null && 'email' in value && typeof value.email === 'string';
}

export class MemberTrialRun {
  readonly #groups: TemporaryGroups;
  readonly #requests: Requests;
  readonly #base: string;
  readonly #signal: AbortSignal;

  constructor(groups: TemporaryGroups, requests: Requests, base: string, signal: AbortSignal) {
    this.#groups = groups;
    this.#requests = requests;
    this.#base = base;
    this.#signal = signal;
  }

  get #api(): MembersApi {
    return MEMBERS_APIS[this.#groups.api.name];
  }

  async run(person: Person, format: BodyFormat): Promise<MemberTrials | undefined> {
    const name = `${this.#base} members`;
    const call = this.#groups.api.create({ name }, format);
    const { id: groupId } = await this.#groups.create(call, name, this.#signal);
    if (groupId === undefined) return undefined;
    return this.#api.addsBy === 'email' ? this.#tryIm(groupId, person) : this.#tryContacts(groupId, person);
  }

  async #tryIm(groupId: string, person: Person): Promise<MemberTrials> {
    const strangers = Array.from({ length: 10 }, (_, i) => this.#stranger(i));
    const byEmail = await this.#add(this.#api.add(groupId, [person]));
    const listed = await this.#waitForMember(groupId, person);
    const twice = await this.#add(this.#api.add(groupId, [person]));
    const unknown = await this.#add(this.#api.add(groupId, strangers.slice(0, 1)));
    const eleven = await this.#add(this.#api.add(groupId, [person, ...strangers]));
    const id = person.id ?? listed?.member.id;
    const trials = {
      isIdKnown: id !== undefined,
      byEmail,
      twice,
      unknown,
      eleven,
      ...(listed ? { listedAfterMs: listed.afterMs } : {}),
    };
    if (id === undefined) return trials;
    const remove = await this.#ask(this.#api.remove(groupId, [id]));
    const removeAgain = await this.#ask(this.#api.remove(groupId, [id]));
    return { ...trials, remove, removeAgain, byId: await this.#add(addById(this.#api, groupId, id)) };
  }

  async #tryContacts(groupId: string, person: Person): Promise<MemberTrials> {
    const { id } = person;
    if (id === undefined) return { isIdKnown: false };
    const byId = await this.#add(this.#api.add(groupId, [person]));
    const listed = await this.#waitForMember(groupId, person);
    const twice = await this.#add(this.#api.add(groupId, [person]));
    const unknown = await this.#add(this.#api.add(groupId, [{ id: UNKNOWN_ID, email: '' }]));
    const remove = await this.#ask(this.#api.remove(groupId, [id]));
    const listedAfter = listed ? { listedAfterMs: listed.afterMs } : {};
    return { isIdKnown: true, byId, twice, unknown, remove, ...listedAfter };
  }

  /** No mail reaches the top-level domain `invalid` (RFC 2606). */
  #stranger(index: number): Person {
    return { id: undefined, email: `${this.#base}-${index}@example.invalid` };
  }

  async #add(call: Call): Promise<AddTrial> {
    const outcome = await this.#ask(call);
    return { outcome, named: this.#api.parseAdded(outcome.body).length };
  }

  #ask(call: Call): Promise<Outcome> {
    return this.#requests.ask(call, this.#signal);
  }

  async #waitForMember(
    groupId: string,
    { id, email }: Person,
  ): Promise<{ readonly afterMs: number; readonly member: Member } | undefined> {
    const { clock } = this.#requests;
    const since = clock.monotonic();
    for (const waitMs of LIST_WAITS_MS) {
      await clock.sleep(waitMs, this.#signal);
      if (this.#signal.aborted) return undefined;
      const afterMs = Math.round(clock.monotonic() - since);
      const outcome = await this.#ask(this.#api.list(groupId));
      if (outcome.type !== 'success') return undefined;
      const list: readonly unknown[] = Array.isArray(outcome.body[this.#api.listField])
        ? (outcome.body[this.#api.listField] as readonly unknown[])
        : [];
      for (const element of list) {
        const member = isRecord(element) ? this.#api.parse(element) : undefined;
        const isSame = member?.email?.toLowerCase() === email.toLowerCase();
        if (member && (isSame || (id !== undefined && member.id === id))) return { afterMs, member };
      }
    }
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** IM groups take ids too, which runs do not use. */
function addById(api: MembersApi, groupId: string, id: string): Call {
  const call = api.add(groupId, []);
  return { ...call, body: { type: 'json', value: { members: [{ id }] } } };
}
