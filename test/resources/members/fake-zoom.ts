/** Groups, members and users in memory, behind the port that the engine sends through, on a virtual clock. */
import { setMaxListeners } from 'node:events';
import type { ApiClient, SendResult } from '../../../src/model/api.js';
import type { Call } from '../../../src/model/call.js';
import type { Clock } from '../../../src/model/clock.js';
import type { Reply } from '../../../src/model/reply.js';

/** Time passes as soon as nothing else happens. */
export class VirtualClock implements Clock {
  #now = Date.UTC(2026, 0, 1);
  #sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  #isScheduled = false;

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  sleep(waitMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      setMaxListeners(0, signal);
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#sleepers.push({ at: this.#now + waitMs, wake });
      signal.addEventListener('abort', wake, { once: true });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#sleepers.sort((a, b) => a.at - b.at);
      const next = this.#sleepers.shift();
      if (!next) return;
      this.#now = Math.max(this.#now, next.at);
      next.wake();
      this.#schedule();
    });
  }
}

export type FakeUser = {
  readonly email: string;
  readonly id: string;
  readonly status: 'active' | 'inactive' | 'pending';
};

/** What happens to a write. `lost-before` and `lost-after`: no answer, and it took no effect, or it did. */
export type Fault = 'lost-before' | 'lost-after' | 'adds-nobody' | 'rejected' | undefined;

export type Sent = {
  readonly method: Call['method'];
  readonly path: string;
  readonly people: readonly string[];
  readonly at: number;
};

type Group = {
  readonly id: string;
  readonly name: string;
  /** By user id: when the list begins, and ceases, to show the member. */
  readonly members: Map<string, { from: number; until: number }>;
  readonly userGroups: string[];
};

export class FakeZoom implements ApiClient {
  readonly clock = new VirtualClock();
  readonly groups = new Map<string, Group>();
  readonly users: FakeUser[] = [];
  readonly sent: Sent[] = [];
  lagMs = 0;
  latencyMs: () => number = () => 100;
  fault: (call: Call) => Fault = () => undefined;
  /** Replaces the reply to a call. */
  answer: (call: Call) => Reply | undefined = () => undefined;
  /** E-mail addresses that IM groups reject a whole batch for. */
  readonly poison = new Set<string>();

  addGroup(name: string, emails: readonly string[] = [], userGroups: readonly string[] = []): Group {
    const id = `g${this.groups.size + 1}`;
    const members = new Map(
      emails.map((email) => [this.idOf(email), { from: 0, until: Number.POSITIVE_INFINITY }]),
    );
    const group = { id, name, members, userGroups: [...userGroups] };
    this.groups.set(id, group);
    return group;
  }

  addUsers(...emails: readonly string[]): void {
    for (const email of emails) this.users.push({ email, id: `u-${email.split('@')[0]}`, status: 'active' });
  }

  idOf(email: string): string {
    const user = this.users.find((one) => one.email.toLowerCase() === email.toLowerCase());
    if (!user) throw new Error(`no user ${email}`);
    return user.id;
  }

  /** E-mail addresses, as they are when every list has caught up. */
  membersOf(name: string): readonly string[] {
    const group = [...this.groups.values()].find((one) => one.name === name);
    const ids = [...(group?.members ?? [])]
      .filter(([, { until }]) => until === Number.POSITIVE_INFINITY)
      .map(([id]) => id);
    return ids.map((id) => this.users.find((user) => user.id === id)?.email ?? id).sort();
  }

  get writes(): readonly Sent[] {
    return this.sent.filter(({ method }) => method !== 'GET');
  }

  async send(call: Call, { signal, beforeSend }: Parameters<ApiClient['send']>[1]): Promise<SendResult> {
    if (beforeSend && !beforeSend()) return { type: 'not-sent' };
    const { method, path } = call;
    this.sent.push({ method, path, people: peopleIn(call), at: this.clock.now() });
    const half = this.latencyMs() / 2;
    await this.clock.sleep(half, signal);
    const reply = this.answer(call) ?? this.#reply(call);
    await this.clock.sleep(half, signal);
    return { type: 'replied', reply };
  }

  #reply(call: Call): Reply {
    if (call.method === 'GET') return this.#read(call);
    const fault = this.fault(call);
    const lost: Reply = {
      type: 'transient',
      ambiguous: true,
      maxAttempts: 3,
      message: 'HTTP 504',
      httpStatus: 504,
    };
    if (fault === 'lost-before') return lost;
    if (fault === 'rejected') return rejected('Validation Failed.');
    const reply = this.#write(call, fault === 'adds-nobody');
    return fault === 'lost-after' ? lost : reply;
  }

  #read({ path, query = {} }: Call): Reply {
    if (path === '/users') {
      const users = this.users.filter(({ status }) => status === query.status);
      return page(
        users.map(({ id, email, status }) => (status === 'pending' ? { email } : { id, email })),
        'users',
        query,
      );
    }
    if (path === '/im/groups')
      return page(
        [...this.groups.values()].map(({ id, name }) => ({ id, name })),
        'groups',
        query,
      );
    if (path === '/contacts/groups') {
      const list = [...this.groups.values()].map(({ id, name }) => ({ group_id: id, group_name: name }));
      return page(list, 'groups', query);
    }
    const group = this.#groupOf(path);
    if (!group) return missingGroup();
    const now = this.clock.now();
    const shown = [...group.members]
      .filter(([, { from, until }]) => from <= now && now < until)
      .map(([id]) => id);
    if (path.startsWith('/im/')) {
      const list = shown.map((id) => ({ id, email: this.users.find((user) => user.id === id)?.email }));
      return page(list, 'members', query);
    }
    const users = shown.map((id) => ({ type: 1, id, name: id }));
    const userGroups = group.userGroups.map((id) => ({ type: 2, id, name: id }));
    return page([...userGroups, ...users], 'group_members', query);
  }

  #groupOf(path: string): Group | undefined {
    return this.groups.get(path.split('/')[3] ?? '');
  }

  #write(call: Call, addsNobody: boolean): Reply {
    const group = this.#groupOf(call.path);
    if (!group) return missingGroup();
    return call.method === 'POST' ? this.#add(call, group, addsNobody) : this.#remove(call, group);
  }

  #add(call: Call, group: Group, addsNobody: boolean): Reply {
    const isIm = call.path.startsWith('/im/');
    const people = peopleIn(call);
    if (people.length === 0 || people.length > (isIm ? 10 : 50)) return rejected('too many members');
    if (people.some((one) => this.poison.has(one))) return rejected('Validation Failed.');
    const users = people.map((one) =>
      this.users.find((user) => (isIm ? user.email.toLowerCase() === one.toLowerCase() : user.id === one)),
    );
    if (!isIm && users.some((user) => user === undefined))
      return notFound('A member with this memberId: x does not exist.');
    const added: string[] = [];
    for (const user of users) {
      if (addsNobody || user?.status !== 'active' || isPresent(group, user.id)) continue;
      group.members.set(user.id, { from: this.clock.now() + this.lagMs, until: Number.POSITIVE_INFINITY });
      added.push(user.id);
    }
    const body = isIm ? { ids: added.join(','), added_at: '' } : { member_ids: added };
    return { type: 'success', complete: true, body, message: '', httpStatus: 201 };
  }

  #remove(call: Call, group: Group): Reply {
    const ids = peopleIn(call);
    if (ids.some((id) => !isPresent(group, id))) return notFound('Group member does not exist.');
    const count =
      [...group.members.keys()].filter((id) => isPresent(group, id)).length + group.userGroups.length;
    if (call.path.startsWith('/contacts/') && ids.length >= count)
      return rejected('A group must have at least one member.');
    for (const id of ids) {
      const member = group.members.get(id);
      if (member) member.until = this.clock.now() + this.lagMs;
    }
    return { type: 'success', complete: true, body: {}, message: '', httpStatus: 204 };
  }
}

function isPresent({ members }: Group, id: string): boolean {
  return members.get(id)?.until === Number.POSITIVE_INFINITY;
}

/** Whom a write names, by address or id. */
export function peopleIn({ body, query, path, method }: Call): readonly string[] {
  if (method === 'DELETE') return query?.member_ids?.split(',') ?? [path.split('/').at(-1) ?? ''];
  if (body?.type !== 'json') return [];
  const { members, group_members } = body.value as Record<string, { email?: string; id?: string }[]>;
  return [
    ...(members ?? []).map(({ email = '' }) => email),
    ...(group_members ?? []).map(({ id = '' }) => id),
  ];
}

function page(
  list: readonly object[],
  field: string,
  { page_size = '1000', next_page_token = '0' }: Readonly<Record<string, string>>,
): Reply {
  const from = Number(next_page_token);
  const to = from + Number(page_size);
  const next = to < list.length ? { next_page_token: String(to) } : {};
  return {
    type: 'success',
    complete: true,
    message: '',
    httpStatus: 200,
    body: { [field]: list.slice(from, to), ...next },
  };
}

export function rejected(message: string): Reply {
  return { type: 'rejected', message, httpStatus: 400, code: 300 };
}

function notFound(message: string): Reply {
  return { type: 'not-found', message, httpStatus: 400, code: 300 };
}

function missingGroup(): Reply {
  return {
    type: 'not-found',
    message: 'A group with this groupId: x does not exist.',
    httpStatus: 404,
    code: 4130,
  };
}
