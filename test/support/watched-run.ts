/** A run in this process, on a disk of the test's choice and a directory that watches what is sent. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Account } from '../../src/cli/account.js';
import type { Options } from '../../src/cli/options/options.js';
import { type RunSession, runWithLock } from '../../src/cli/run-session.js';
import type { Event } from '../../src/events/event.js';
import type { Directory } from '../../src/model/directory.js';
import { type ExitCode, FatalError } from '../../src/model/stop.js';
import type { Group } from '../../src/resources/groups/api/group.js';
import { plan } from '../../src/resources/groups/plan.js';
import { validateInput } from '../../src/runs/validate-input.js';
import { readRunState } from '../../src/runs/write-reports.js';
import type { Disk } from '../../src/storage/disk.js';
import type { Terminal } from '../../src/terminal/terminal.js';

/** A directory in memory that looks, whenever something is sent, whether that is in the journal. */
export class Watched {
  readonly groups: Group[];
  readonly sent: string[] = [];
  readonly unrecorded: string[] = [];

  constructor(there: Iterable<string>) {
    this.groups = [...there].map((name) => ({ id: `there-${name}`, name, members: 0 }));
  }

  /** @param run the folder whose journal is to have what is sent */
  port(run: string): Directory {
    const { groups } = this;
    const journal = join(run, 'journal.ndjson');
    return {
      api: 'im',
      unsupported: [],
      list: async function* () {
        yield groups.slice();
        return { ok: true, requests: 1 };
      },
      create: async ({ name }) => {
        this.sent.push(name);
        const lines = readFileSync(journal, 'utf8').split('\n');
        const isRecorded = lines.some((line) => line.includes('"attempt"') && line.includes(`"${name}"`));
        if (!isRecorded) this.unrecorded.push(name);
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (groups.some((group) => group.name === name))
          return { kind: 'taken', message: 'in use', http: 409 };
        groups.push({ id: `made-${name}`, name, members: 0 });
        return { kind: 'done', groupId: `made-${name}`, message: '', http: 201 };
      },
      update: () => Promise.reject(new Error('nothing is changed here')),
      remove: () => Promise.reject(new Error('nothing is removed here')),
    };
  }
}

function accountOf(directory: Directory): Account {
  const idle = (): void => undefined;
  const turns = { turn: async () => undefined, pause: idle, setRate: idle, setMargin: idle };
  return {
    directory,
    target: { baseUrl: 'http://127.0.0.1', api: 'im', accountPlan: 'business', perSecond: 80 },
    concurrency: 4,
    secrets: () => [],
    close: async () => undefined,
    turns,
    simulated: false,
    lockScope: undefined,
  };
}

export type Life = { readonly code: ExitCode; readonly lost: readonly Event[]; readonly said: string };

/** `rows` is how many the file is said to have, where that is not true. */
type Given = { readonly disk?: Disk; readonly rows?: number };

/** One process's work on the run, on that disk; the same calls as the command makes. */
export async function live(
  run: string,
  text: string,
  zoom: Watched,
  { disk, rows }: Given = {},
): Promise<Life> {
  const lost: Event[] = [];
  let said = '';
  const idle = (): void => undefined;
  const say = (text: string): void => {
    said += `${text}\n`;
  };
  const terminal: Terminal = {
    log: idle,
    show: idle,
    event: idle,
    say,
    record: (event) => void lost.push(event),
    hide: idle,
    end: idle,
  };
  const history = existsSync(join(run, 'journal.ndjson')) ? await readRunState(run) : undefined;
  const options: Options = {
    accountPlan: 'business',
    api: 'im',
    body: 'multipart',
    listing: true,
    quiet: true,
    lockTimeout: 0,
  };
  const reading = { dialect: { encoding: '', delimiter: '', map: {} }, api: 'im' } as const;
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from(text);
  };
  const surveyed = await validateInput(bytes(), reading);
  const work: RunSession = {
    command: 'apply',
    run: { folder: run, file: 'in.csv', history },
    bytes,
    reading,
    surveyed: { ...surveyed, rows: rows ?? surveyed.rows },
    account: accountOf(zoom.port(run)),
    options,
    terminal,
    plan: (known) => (row, now) => plan(row, { now, history: known, update: false }),
    needsListing: undefined,
    ...(disk ? { disk } : {}),
  };
  try {
    return { code: await runWithLock(work), lost, said };
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    return { code: error.stop.exit, lost, said: `${said}${error.stop.message}\n${error.stop.hint}\n` };
  }
}
