/** A run in this process, on a disk of the test's choice and an account that checks what is recorded before it is sent. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Account } from '../../src/cli/account.js';
import type { Options } from '../../src/cli/options/options.js';
import { type RunSession, runWithLock } from '../../src/cli/run-session.js';
import { clock } from '../../src/engine/clock.js';
import type { Event } from '../../src/events/event.js';
import type { ApiClient } from '../../src/model/api.js';
import type { Call } from '../../src/model/call.js';
import type { Reply } from '../../src/model/reply.js';
import { type ExitCode, FatalError } from '../../src/model/stop.js';
import { groups as groupsResource } from '../../src/resources/groups/groups.js';
import type { GroupsOptions } from '../../src/resources/groups/session.js';
import { readRunState } from '../../src/runs/stored-input.js';
import { validateInput } from '../../src/runs/validate-input.js';
import type { Disk } from '../../src/storage/disk.js';
import type { Terminal } from '../../src/terminal/terminal.js';

/** An account in memory. For each create it checks that its attempt is in the journal. */
export class Watched {
  readonly groups: { readonly id: string; readonly name: string; readonly total_members: number }[];
  readonly sent: string[] = [];
  readonly unrecorded: string[] = [];

  constructor(existing: Iterable<string>) {
    this.groups = [...existing].map((name) => ({ id: toId('there', name), name, total_members: 0 }));
  }

  /** @param run the folder whose journal has to have what is sent */
  open(run: string): ApiClient {
    return {
      send: async (call, { signal, beforeSend }) => {
        if (signal.aborted || beforeSend?.() === false) return { type: 'not-sent' };
        const reply = this.#answer(call, join(run, 'journal.ndjson'));
        await new Promise((resolve) => setTimeout(resolve, 1));
        return { type: 'replied', reply };
      },
    };
  }

  #answer(call: Call, journal: string): Reply {
    const success = { type: 'success', message: '', complete: true } as const;
    if (call.method === 'GET') {
      const one = this.groups.find(({ id }) => call.path.endsWith(`/${id}`));
      return { ...success, httpStatus: 200, body: one ?? { groups: [...this.groups] } };
    }
    const name = call.body?.type === 'form' ? (call.body.parts[0]?.[1] ?? '') : '';
    if (call.method !== 'POST' || name === '') throw new Error(`not expected: ${call.method} ${call.path}`);
    this.sent.push(name);
    const lines = readFileSync(journal, 'utf8').split('\n');
    const isRecorded = lines.some((line) => line.includes('"attempt"') && line.includes(`"${name}"`));
    if (!isRecorded) this.unrecorded.push(name);
    if (this.groups.some((group) => group.name === name))
      return { type: 'conflict', message: 'in use', httpStatus: 409 };
    const group = { id: toId('made', name), name, total_members: 0 };
    this.groups.push(group);
    return { ...success, httpStatus: 201, body: group };
  }
}

/** Zoom's ids have no blanks. */
function toId(prefix: string, name: string): string {
  return `${prefix}-${name.replace(/\s/g, '-')}`;
}

function toAccount(api: ApiClient): Account {
  return {
    ports: {
      api,
      onPace: () => undefined,
      clock,
      random: Math.random,
      concurrencyFor: () => 4,
      signal: new AbortController().signal,
    },
    warn: () => undefined,
    target: { baseUrl: 'http://127.0.0.1', api: 'im', accountPlan: 'business', perSecond: 80 },
    rateFor: () => 80,
    secrets: () => [],
    close: async () => undefined,
    simulated: false,
    lockScope: undefined,
    lastGrant: () => undefined,
    credentials: 'token',
    description: 'the test',
  };
}

export type Life = { readonly code: ExitCode; readonly lost: readonly Event[]; readonly said: string };

/** `rows` is how many the file is claimed to have, if that is not true. */
type Given = { readonly disk?: Disk; readonly rows?: number };

const RESOURCE_OPTIONS: GroupsOptions = {
  api: 'im',
  update: false,
  body: 'multipart',
  listing: true,
  needsListing: false,
};

/** One process's work on the run, on that disk; the same calls as the command makes. */
export async function live(
  run: string,
  text: string,
  zoom: Watched,
  { disk, rows }: Given = {},
): Promise<Life> {
  const lost: Event[] = [];
  let said = '';
  const ignore = (): void => undefined;
  const terminal: Terminal = {
    log: ignore,
    show: ignore,
    event: ignore,
    say: (line) => {
      said += `${line}\n`;
    },
    record: (event) => void lost.push(event),
    hide: ignore,
    end: ignore,
  };
  const state = existsSync(join(run, 'journal.ndjson')) ? readRunState(run) : undefined;
  const options: Options = {
    given: new Set(),
    accountPlan: 'business',
    api: 'im',
    body: 'multipart',
    listing: true,
    quiet: true,
    lockTimeout: 0,
  };
  const dialect = { encoding: '', delimiter: '', map: {} };
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from(text);
  };
  const validation = await validateInput(bytes(), { dialect, input: groupsResource.input(RESOURCE_OPTIONS) });
  const account = toAccount(zoom.open(run));
  const session: RunSession = {
    command: 'apply',
    run: { folder: run, file: 'in.csv', state },
    resource: groupsResource,
    shape: { resource: groupsResource.kind, options: RESOURCE_OPTIONS, skipInvalid: false, dialect },
    bytes,
    validation: { ...validation, rows: rows ?? validation.rows },
    account,
    options,
    terminal,
    signals: { signal: account.ports.signal, react: ignore, dispose: ignore },
    ...(disk ? { disk } : {}),
  };
  try {
    return { code: await runWithLock(session), lost, said };
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    return { code: error.stop.exit, lost, said: `${said}${error.stop.message}\n${error.stop.hint}\n` };
  }
}
