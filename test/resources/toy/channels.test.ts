/** A resource is one folder: a third one goes through engine, journal, resume and reports as it is. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Job, provision } from '../../../src/engine/provision.js';
import type { Event } from '../../../src/events/event.js';
import { applyEvent, createRunState, type RunState } from '../../../src/events/run-state.js';
import { createJournal, type Journal, reopenJournal } from '../../../src/journal/writer.js';
import type { Resource } from '../../../src/resources/resource.js';
import { readRunState, toInputEvents } from '../../../src/runs/stored-input.js';
import { openInput, validateInput } from '../../../src/runs/validate-input.js';
import { readReportRows, writeReports } from '../../../src/runs/write-reports.js';
import { connectionReset, rejected } from '../../support/events.js';
import { createScriptedApi, type Request } from '../../support/scripted-api.js';
import { createVirtualClock } from '../../support/virtual-clock.js';
import { channels } from './channels.js';

const CSV = 'Channel,owner\nNews,Ann\nTalk,Ben\nLost,Cyd\nOld,Dee\nBad,Eve\nNews,Fay\n,Gus\n';
const OPTIONS = { prefix: 'all-' };
const DIALECT = { encoding: '', delimiter: '', map: {} };

async function* bytes(): AsyncGenerator<Uint8Array> {
  yield Buffer.from(CSV);
}

/** A service of channels; `Lost` is created, and its answer is lost. */
function createService(): {
  readonly names: string[];
  readonly answer: (request: Request) => ReturnType<Parameters<typeof createScriptedApi>[0]['answer']>;
} {
  const names = ['all-Old'];
  return {
    names,
    answer: ({ call }) => {
      if (call.method === 'GET') {
        const list = names.map((name, i) => ({ id: `c${i}`, name }));
        return { type: 'success', httpStatus: 200, message: '', body: { channels: list }, complete: true };
      }
      const { name } = (call.body?.type === 'json' ? call.body.value : {}) as { name: string };
      if (name === 'all-Bad') return rejected;
      if (!names.includes(name)) names.push(name);
      if (name === 'all-Lost') return connectionReset;
      const body = { id: `c${names.indexOf(name)}` };
      return { type: 'success', httpStatus: 201, message: '', body, complete: true };
    },
  };
}

async function toHeader(at: number): Promise<Event> {
  const input = channels.input(OPTIONS);
  const { rows, items } = await validateInput(bytes(), { dialect: DIALECT, input });
  return {
    type: 'run',
    at,
    schemaVersion: 2,
    runId: 'r',
    toolVersion: '0',
    command: 'apply',
    resumed: false,
    simulated: true,
    input: {
      path: 'channels.csv',
      sha256: createHash('sha256').update(CSV).digest('hex'),
      rows,
      items,
      isClean: false,
    },
    target: { baseUrl: 'http://127.0.0.1', api: 'im', accountPlan: 'pro', perSecond: 30 },
    shape: { resource: channels.kind, options: OPTIONS, skipInvalid: true, dialect: DIALECT },
  };
}

test('a toy resource runs, is killed, resumes and is reported with its own id column', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'toy-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const clock = createVirtualClock(Date.UTC(2026, 10, 24, 9));
  const service = createService();

  const runProcess = async (journal: Journal, state: RunState, killAtEvent: number): Promise<void> => {
    const record = (event: Event): void => {
      journal.record(event);
      applyEvent(state, event);
    };
    record(await toHeader(clock.now()));
    if (state.storedInput === undefined) {
      for await (const event of toInputEvents(bytes(), 'utf-8', clock.now)) record(event);
      record({ type: 'input-complete', at: clock.now() });
    }
    let kill: () => void = () => undefined;
    const killed = new Promise<void>((resolve) => {
      kill = resolve;
    });
    let recorded = 0;
    const resource: Resource = channels;
    const input = resource.input(OPTIONS);
    const job: Job = {
      session: resource.open({
        rows: async function* () {
          yield* (await openInput(bytes(), { dialect: DIALECT, input })).rows;
        },
        state,
        now: clock.now,
        options: OPTIONS,
      }),
      state,
      api: createScriptedApi({ clock, answer: service.answer }),
      onPace: () => undefined,
      keep: (...events) => {
        recorded += events.length;
        if (recorded > killAtEvent) kill();
        else journal.record(...events);
      },
      onEvent: () => undefined,
      onLost: () => undefined,
      clock,
      random: () => 0.5,
      concurrencyFor: () => 1,
      signal: new AbortController().signal,
    };
    await clock.run(Promise.race([provision(job), killed]));
    await journal.close();
  };

  // Killed when `Talk` was created and its answer not yet recorded.
  await runProcess(createJournal(folder), createRunState(), 5);
  const halfway = readRunState(folder);
  expect(
    [...halfway.rows].map(([key, { outcome, doubts }]) => [key, outcome?.status, doubts?.size ?? 0]),
  ).toEqual([
    ['all-news', 'created', 0],
    ['all-talk', undefined, 1],
  ]);

  await runProcess(reopenJournal(folder), readRunState(folder), Number.POSITIVE_INFINITY);
  const state = readRunState(folder);
  const find = (kind: string) => (kind === channels.kind ? channels : undefined);
  const summary = await writeReports(folder, state, { rows: await readReportRows(folder, state, find) });

  expect(service.names).toEqual(['all-Old', 'all-News', 'all-Talk', 'all-Lost']);
  expect(readFileSync(join(folder, 'results.csv'), 'utf8').split('\n')).toEqual([
    'zoom__status,zoom__line,zoom__channel_id,zoom__http_status,zoom__code,zoom__attempts,zoom__tracking_id,zoom__detail,Channel,owner',
    'created,2,c1,,,1,,,News,Ann',
    'created,3,c2,,,1,,recovered,Talk,Ben',
    'created,4,c3,,,3,,recovered,Lost,Cyd',
    'already-provisioned,5,c0,,,0,,,Old,Dee',
    'failed,6,,,,1,,Validation Failed.,Bad,Eve',
    'duplicate,7,c1,,,0,,same as line 2,News,Fay',
    'invalid,8,,,,0,,name-missing: the name is empty (empty),,Gus',
    '',
  ]);
  expect(readFileSync(join(folder, 'failed.csv'), 'utf8')).toBe('Channel,owner\nBad,Eve\n,Gus\n');
  expect(summary.counts).toMatchObject({
    created: 3,
    'already-provisioned': 1,
    failed: 1,
    duplicate: 1,
    invalid: 1,
  });
  expect(summary.exit.code).toBe(1);
  expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('c3');
});

test('a run about a resource that this version does not know is refused with its version', async () => {
  const state = createRunState();
  for (const event of [await toHeader(0), { type: 'input-complete', at: 1 } as const])
    applyEvent(state, event);
  await expect(readReportRows('nowhere', state)).rejects.toMatchObject({
    stop: { reason: 'journal-newer', exit: 2, message: expect.stringContaining('channels') },
  });
});
