/** A third resource, as small as one can be: channels that have nothing but a unique name. */
import { listDoubts } from '../../../src/events/row-state.js';
import type { Call } from '../../../src/model/call.js';
import type { RowRef } from '../../../src/model/outcome.js';
import { isProvisioned, type Status } from '../../../src/model/statuses.js';
import { readPages } from '../../../src/resources/paging/read-pages.js';
import type { Judgement, Resource, Session, SessionContext, Step } from '../../../src/resources/resource.js';

type Channel = { readonly id: string; readonly name: string };
export type ChannelsOptions = { readonly prefix: string };

const PATH = '/channels';
const CREATE: Omit<Call, 'body'> = { label: 'light', method: 'POST', path: PATH, success: 201 };

class Channels {
  readonly byName = new Map<string, Channel>();
  get size(): number {
    return this.byName.size;
  }
  add(channel: Channel): boolean {
    const isNew = !this.byName.has(channel.name);
    this.byName.set(channel.name, channel);
    return isNew;
  }
}

function settle(row: RowRef, status: Status, detail = '', channelId?: string): Judgement {
  const ids = channelId === undefined ? {} : { ids: { channelId } };
  return { outcomes: [{ ...row, outcome: { status, detail, ...ids } }] };
}

class ChannelsSession implements Session {
  readonly #context: SessionContext<string, ChannelsOptions>;
  readonly #open = new Map<string, RowRef>();
  #channels = new Channels();
  #stage = 0;

  constructor(context: SessionContext<string, ChannelsOptions>) {
    this.#context = context;
  }

  restart(): void {
    this.#stage = 1;
  }

  next(draining: boolean): AsyncIterable<Judgement> | Iterable<Judgement> | undefined {
    this.#stage += 1;
    if (this.#stage === 1) return [{ steps: [this.#list(() => ({}))] }];
    if (this.#stage === 2 && !draining) return this.#readRows();
    if (this.#open.size === 0) return undefined;
    return [{ steps: [this.#list(() => this.#settleOpen())] }];
  }

  #list(done: () => Judgement): Step {
    return readPages({
      operation: 'list-channels',
      call: { label: 'medium', method: 'GET', path: PATH, success: 200 },
      listField: 'channels',
      parse: ({ id, name }) =>
        typeof id === 'string' && typeof name === 'string' ? { id, name } : undefined,
      createCollection: () => new Channels(),
      done: (result) => {
        if (result.type === 'complete') this.#channels = result.items;
        return done();
      },
    });
  }

  async *#readRows(): AsyncGenerator<Judgement> {
    const { rows, state } = this.#context;
    for await (const batch of rows()) {
      for (const validated of batch) {
        if (validated.type !== 'item') continue;
        const { key, fingerprint, name, row } = validated;
        const ref = { key, fingerprint, name, line: row.line };
        const before = state.rows.get(key);
        if (before?.outcome && isProvisioned(before.outcome.status)) continue;
        const existing = this.#channels.byName.get(name);
        const isOurs = listDoubts(before).length > 0;
        yield existing
          ? settle(ref, isOurs ? 'created' : 'already-provisioned', isOurs ? 'recovered' : '', existing.id)
          : { steps: [this.#create(ref)] };
      }
    }
  }

  #create(ref: RowRef): Step {
    return {
      operation: 'create',
      effect: 'write',
      rows: [ref],
      call: { ...CREATE, body: { type: 'json', value: { name: ref.name } } },
      onLost: 'resend',
      judge: (reply, { ambiguous }) => {
        if (reply.type === 'success') return settle(ref, 'created', '', String(reply.body.id));
        if (!ambiguous)
          return settle(ref, reply.type === 'conflict' ? 'already-provisioned' : 'failed', reply.message);
        this.#open.set(ref.key, ref);
        return {};
      },
    };
  }

  #settleOpen(): Judgement {
    const judgements = [...this.#open.values()].map((ref) => {
      const found = this.#channels.byName.get(ref.name);
      return found ? settle(ref, 'created', 'recovered', found.id) : settle(ref, 'failed', 'not found');
    });
    this.#open.clear();
    return { outcomes: judgements.flatMap(({ outcomes = [] }) => outcomes) };
  }
}

export const channels: Resource<string, ChannelsOptions> = {
  kind: 'channels',
  idColumns: [{ id: 'channelId', column: 'zoom__channel_id' }],
  isOptions: () => true,
  input: ({ prefix }) => ({
    fields: [{ name: 'name', aliases: ['channel'], required: true }],
    parse: (cell) => {
      const name = prefix + (cell('name') ?? '').trim();
      const findings =
        name === prefix
          ? [{ rule: 'name-missing' as const, message: 'the name is empty', field: 'name' }]
          : [];
      return [{ key: name.toLowerCase(), fingerprint: '', name, item: name, findings }];
    },
    findConflict: () => undefined,
  }),
  writeLabel: () => CREATE.label,
  scopes: () => [['channels:write']],
  open: (context) => new ChannelsSession(context),
};
