/** Zoom's groups in memory, behind an API client on a virtual clock: answers that get lost, lists that lag. */
import type { ApiClient } from '../../src/model/api.js';
import type { Call } from '../../src/model/call.js';
import type { Exchange } from '../../src/zoom/http-client.js';
import { classifyResponse } from '../../src/zoom/response-classifier.js';
import { createScriptedApi, type Request, type SentRequest } from './scripted-api.js';
import type { VirtualClock } from './virtual-clock.js';

type Fields = Readonly<Record<string, unknown>>;

export type FakeGroup = {
  readonly id: string;
  name: string;
  /** Settings as the API names them, without the name. */
  fields: Fields;
  members: number;
  /** Lists show it from then on. */
  readonly listedFrom: number;
};

/** What goes wrong with one request. `before` and `after`: its effect. */
export type Fault =
  | 'lost-before'
  | 'lost-after'
  | 'error-before'
  | 'error-after'
  | 'refused-connection'
  | 'rate-limited'
  | 'no-id'
  | { readonly status: number; readonly body: string };

export type FakeZoomOptions = {
  readonly api: 'im' | 'contacts';
  readonly clock: VirtualClock;
  /** How long a new group is missing in lists. */
  readonly listingLagMs?: number;
  readonly fault?: (request: Request, name: string | undefined) => Fault | undefined;
  /** Runs of blanks become one. */
  readonly foldsNames?: boolean;
  /** GET one has no `total_members` either. */
  readonly hasNoMemberCount?: boolean;
  /** Lists spell ids with the prefix `dir.`, as Zoom's own examples do. */
  readonly spellsIds?: boolean;
  /** What a form is refused with. */
  readonly refusesForms?: 415 | 400;
  readonly latencyMs?: number | ((request: Request) => number);
};

export type FakeZoom = {
  readonly groups: FakeGroup[];
  readonly sent: readonly SentRequest[];
  /** How often a create of this name took effect. */
  readonly timesCreated: (name: string) => number;
  /** Adds a group that exists before the run. */
  readonly add: (name: string, fields?: Fields, members?: number) => FakeGroup;
  readonly find: (name: string) => readonly FakeGroup[];
  /** A connection of one process: after its end, its requests take effect but are never answered. */
  readonly connect: (isAlive?: () => boolean) => ApiClient;
};

const NAMES = {
  im: { id: 'id', name: 'name', path: '/im/groups', newName: 'name', rename: (field: string) => field },
  contacts: {
    id: 'group_id',
    name: 'group_name',
    path: '/contacts/groups',
    newName: 'group_name',
    rename: (field: string) => (field === 'privacy' ? 'group_privacy' : field),
  },
} as const;

const DEFAULTS = { im: { type: 'normal' }, contacts: { group_privacy: 2, description: '' } } as const;

/** A call's body as fields; the words of a form are read as Zoom would read them. */
function readFields({ body }: Call): Fields {
  if (body?.type === 'json') return JSON.parse(JSON.stringify(body.value));
  const parts = (body?.parts ?? []).map(
    ([name, text]) => [name, name.startsWith('search_by') ? text === 'true' : text] as const,
  );
  return Object.fromEntries(parts);
}

export function createFakeZoom(options: FakeZoomOptions): FakeZoom {
  const {
    api,
    clock,
    listingLagMs = 0,
    fault,
    foldsNames,
    hasNoMemberCount,
    spellsIds,
    refusesForms,
  } = options;
  const names = NAMES[api];
  const groups: FakeGroup[] = [];
  const creations = new Map<string, number>();
  const sent: SentRequest[] = [];
  let nextId = 1;

  const toStored = (name: string): string =>
    (foldsNames ? name.replace(/\s+/g, ' ').trim() : name.trim()).normalize('NFC');
  const answered = (status: number, body: unknown): Exchange => ({
    type: 'answered',
    status,
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    complete: true,
  });
  const lost: Exchange = {
    type: 'unanswered',
    sent: true,
    code: 'ECONNRESET',
    message: 'socket hang up',
    tls: false,
  };
  const missing = (id: string): Exchange =>
    api === 'im'
      ? answered(404, { code: 4130, message: `Group does not exist:${id}.` })
      : answered(400, { code: 300, message: `A group with this groupId: ${id} does not exist.` });

  const format = ({ id, name, fields, members }: FakeGroup, isListed: boolean): Fields => ({
    [names.id]: isListed && spellsIds ? `dir.${id}` : id,
    [names.name]: name,
    ...fields,
    ...((isListed && api === 'contacts') || hasNoMemberCount ? {} : { total_members: members }),
  });
  const add = (name: string, fields: Fields, members: number, listedFrom: number): FakeGroup => {
    const group = {
      id: `g${nextId}`,
      name: toStored(name),
      fields: { ...DEFAULTS[api], ...fields },
      members,
      listedFrom,
    };
    nextId += 1;
    groups.push(group);
    return group;
  };
  const isTaken = (name: string): boolean =>
    api === 'im' && groups.some((group) => group.name === toStored(name));
  const taken = (name: string): Exchange =>
    answered(409, { code: 4132, message: `Group name ${name} is already in use.` });

  const create = (call: Call, hasNoId: boolean): Exchange => {
    const isForm = call.body?.type === 'form';
    if (isForm && refusesForms === 415) return answered(415, '');
    if (isForm && refusesForms === 400) return answered(400, { code: 300, message: 'Missing field: name' });
    const { [names.newName]: name, ...fields } = readFields(call);
    if (typeof name !== 'string')
      return answered(400, { code: 300, message: `Missing field: ${names.newName}` });
    if (isTaken(name)) return taken(name);
    const group = add(name, fields, 0, clock.now() + listingLagMs);
    creations.set(group.name, (creations.get(group.name) ?? 0) + 1);
    return answered(201, hasNoId ? {} : format(group, false));
  };
  const update = (call: Call, group: FakeGroup): Exchange => {
    const { name, ...fields } = readFields(call);
    if (typeof name === 'string' && toStored(name) !== group.name && isTaken(name)) return taken(name);
    if (typeof name === 'string') group.name = toStored(name);
    const renamed = Object.entries(fields).map(([field, value]) => [names.rename(field), value] as const);
    group.fields = { ...group.fields, ...Object.fromEntries(renamed) };
    return answered(204, '');
  };
  const list = (call: Call): Exchange => {
    const shown = groups
      .filter(({ listedFrom }) => listedFrom <= clock.now())
      .map((group) => format(group, true));
    if (api === 'im') return answered(200, { total_records: shown.length, groups: shown });
    const from = Number(call.query?.next_page_token ?? 0);
    const size = Number(call.query?.page_size ?? 10);
    const next = from + size < shown.length ? String(from + size) : '';
    return answered(200, { groups: shown.slice(from, from + size), next_page_token: next });
  };
  const perform = (call: Call, hasNoId: boolean): Exchange => {
    if (call.path === names.path) return call.method === 'POST' ? create(call, hasNoId) : list(call);
    const id = decodeURIComponent(call.path.slice(names.path.length + 1));
    const at = groups.findIndex((group) => group.id === id || (spellsIds && `dir.${group.id}` === id));
    const group = groups[at];
    if (!group) return missing(id);
    if (call.method === 'GET') return answered(200, format(group, false));
    if (call.method === 'PATCH') return update(call, group);
    groups.splice(at, 1);
    return answered(204, '');
  };

  const performWithFault = (call: Call, found: Fault | undefined): Exchange => {
    const withEffect = (reply: Exchange): Exchange => {
      perform(call, false);
      return reply;
    };
    switch (found) {
      case undefined:
        return perform(call, false);
      case 'no-id':
        return perform(call, true);
      case 'lost-before':
        return lost;
      case 'lost-after':
        return withEffect(lost);
      case 'error-before':
        return answered(500, { message: 'Internal server error' });
      case 'error-after':
        return withEffect(answered(500, { message: 'Internal server error' }));
      case 'refused-connection':
        return { type: 'unanswered', sent: false, code: 'ECONNREFUSED', message: 'connect', tls: false };
      case 'rate-limited':
        return answered(429, { message: 'You have reached the maximum per-second rate limit for this API.' });
      default:
        return answered(found.status, found.body);
    }
  };

  const connect = (isAlive: () => boolean = () => true): ApiClient => {
    const exchanges = new Map<Request, Exchange>();
    const client = createScriptedApi({
      clock,
      latencyMs: (request) => {
        const { latencyMs = 100 } = options;
        const takes = typeof latencyMs === 'number' ? latencyMs : latencyMs(request);
        // A request takes effect halfway between sending and its answer.
        clock.at(clock.now() + takes / 2, () => {
          const name = request.call.method === 'POST' ? readFields(request.call)[names.newName] : undefined;
          const found = fault?.(request, typeof name === 'string' ? name : undefined);
          exchanges.set(request, performWithFault(request.call, found));
        });
        return takes;
      },
      onSend: (request) => void sent.push(request as SentRequest),
      answer: (request) => {
        const exchange = exchanges.get(request) ?? lost;
        exchanges.delete(request);
        const context = {
          accepted: true,
          deniedBefore: false,
          scopes: [],
          wallNow: clock.now(),
          redact: (text: string) => text,
        };
        return classifyResponse(exchange, request.call, context);
      },
    });
    const never = new Promise<never>(() => undefined);
    return {
      send: async (call, sendOptions) => {
        if (!isAlive()) return never;
        const beforeSend = (): boolean => isAlive() && (sendOptions.beforeSend?.() ?? true) && isAlive();
        const result = await client.send(call, { ...sendOptions, beforeSend });
        return isAlive() ? result : never;
      },
    };
  };

  return {
    groups,
    sent,
    timesCreated: (name) => creations.get(toStored(name)) ?? 0,
    add: (name, fields = {}, members = 0) => add(name, fields, members, 0),
    find: (name) => groups.filter((group) => group.name === toStored(name)),
    connect,
  };
}
