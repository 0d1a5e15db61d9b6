/** What a program may rely on that uses the library. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  type Definition,
  type Event,
  FatalError,
  InvalidDefinitionsError,
  plan,
  provision,
} from '../src/index.js';
import type { SimulatorOptions } from '../src/simulator/server.js';
import { folder } from './support/command.js';
import { startTestSimulator, type TestSimulator } from './support/simulator.js';

const ROOT = resolve(import.meta.dirname, '..');

async function startAccount(options: SimulatorOptions = {}): Promise<{
  zoom: TestSimulator['zoom'];
  access: { baseUrl: string; accountPlan: 'business'; credentials: { type: 'token'; token: string } };
}> {
  const { zoom } = await startTestSimulator({
    groups: [{ id: 'there', name: 'There', type: 'normal' }],
    accountPlan: 'business',
    ...options,
  });
  const credentials = { type: 'token', token: zoom.token } as const;
  return { zoom, access: { baseUrl: zoom.baseUrl, accountPlan: 'business', credentials } };
}

async function* generate(definitions: readonly Definition[]): AsyncGenerator<Definition> {
  yield* definitions;
}

const teams = (n: number): readonly Definition[] =>
  Array.from({ length: n }, (_, i) => ({ name: `Team ${i + 1}` }));

test('the result has how each definition ended, in order, and every event is passed on as it happens', async () => {
  const { access } = await startAccount();
  const events: Event[] = [];
  const definitions: Definition[] = [
    { name: 'One', type: 'shared' },
    { name: 'There' },
    { name: 'Two' },
    { name: 'One', type: 'shared' },
  ];
  const done = await provision({
    ...access,
    definitions: generate(definitions),
    onEvent: (event) => events.push(event),
  });
  expect(done.results.map(({ name, outcome, provisioned }) => [name, outcome.status, provisioned])).toEqual([
    ['One', 'created', true],
    ['There', 'already-provisioned', true],
    ['Two', 'created', true],
    ['One', 'duplicate', true],
  ]);
  expect(done.counts).toMatchObject({ created: 2, 'already-provisioned': 1, duplicate: 1, failed: 0 });
  expect(done.stop).toBeUndefined();
  expect(done.state.activeMs).toBeLessThan(60_000);
  const settled = events.flatMap((event) =>
    event.type === 'reply' || event.type === 'known' ? (event.outcomes ?? []).map(({ name }) => name) : [],
  );
  expect(settled.sort()).toEqual(['One', 'There', 'Two']);
  const creates = events.filter((event) => event.type === 'attempt' && event.operation === 'create');
  expect(creates).toHaveLength(2);
});

test('invalid definitions are refused before anything is sent, with all problems as a list', async () => {
  const events: Event[] = [];
  const { access, zoom } = await startAccount();
  const definitions = [{ name: 'Fine' }, { name: ' ' }, { name: 'fine' }];
  const refused = provision({ ...access, definitions, onEvent: (event) => events.push(event) });
  await expect(refused).rejects.toBeInstanceOf(InvalidDefinitionsError);
  await expect(refused).rejects.toMatchObject({
    stop: { exit: 2, message: expect.stringMatching(/definition 2: .*\ndefinition 3: /) },
    problems: [{ line: 2 }, { line: 3 }],
  });
  expect(events).toEqual([]);
  expect(zoom.requests()).toEqual([]);
});

describe('an abort', () => {
  test('lets requests in flight finish and starts nothing else', async () => {
    const { access } = await startAccount();
    const stop = new AbortController();
    const done = await provision({
      ...access,
      definitions: teams(200),
      concurrency: 2,
      signal: stop.signal,
      onEvent: (event) => {
        if (event.type === 'reply' && event.outcomes?.length) stop.abort();
      },
    });
    expect(done.stop).toMatchObject({ reason: 'aborted', exit: 4 });
    expect(done.results).toHaveLength(200);
    expect(done.counts.created).toBeGreaterThan(0);
    expect(done.counts.created + done.counts['not-attempted']).toBe(200);
    expect(done.counts['not-attempted']).toBeGreaterThan(150);
  });

  test('at any moment resolves with a stop, whatever its reason is', async () => {
    const reasons = [undefined, 'a string', new Error('an error'), null, 5];
    // Before the call, in the token request, in the listing, in the first create, and later.
    for (const [at, reason] of [0, 1, 2, 3, 5, 8].map((n, i) => [n, reasons[i % 5]] as const)) {
      const { zoom } = await startAccount({ latencyMs: 30, groups: [] });
      const stop = new AbortController();
      if (at === 0) stop.abort(reason);
      const timer = setInterval(() => zoom.requests().length >= at && stop.abort(reason), 1);
      const done = await provision({
        definitions: teams(60),
        credentials: { type: 'app', ...zoom.credentials },
        baseUrl: zoom.baseUrl,
        tokenUrl: zoom.tokenUrl,
        accountPlan: 'business',
        signal: stop.signal,
      });
      clearInterval(timer);
      expect(done.stop, `at request ${at}`).toMatchObject({ reason: 'aborted', exit: 4 });
      expect(done.results.length).toBe(60);
      expect(done.counts.created).toBe(zoom.created().length);
      expect(done.counts.created + done.counts['not-attempted']).toBe(60);
    }
  });

  test('while a request waits for an outage to end resolves with a stop at once', async () => {
    const { access } = await startAccount({ faults: ['503:1'] });
    const signal = AbortSignal.timeout(700);
    const started = performance.now();
    const done = await provision({ ...access, definitions: teams(20), signal });
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(done.stop).toMatchObject({ reason: 'aborted' });
    expect(done.results).toHaveLength(20);
  });
});

test('an onEvent that throws does not end the run, and is reported to onWarning', async () => {
  const { access } = await startAccount();
  const warnings: string[] = [];
  const done = await provision({
    ...access,
    definitions: teams(3),
    onEvent: () => {
      throw new Error('a bug of the caller');
    },
    onWarning: (message) => warnings.push(message),
  });
  expect(done.counts.created).toBe(3);
  expect(done.stop).toBeUndefined();
  expect(new Set(warnings)).toEqual(new Set(['onEvent failed: a bug of the caller']));
});

test('plan shows what provision would do for each definition, and sends no write', async () => {
  const { access, zoom } = await startAccount();
  const definitions = [
    { name: 'New' },
    { name: 'There', type: 'shared' },
    { name: 'New' },
  ] as const satisfies readonly Definition[];
  expect(await plan({ ...access, definitions })).toEqual([
    { name: 'New', action: 'create', detail: '' },
    { name: 'There', action: 'none', detail: 'differs: type normal → shared' },
    { name: 'New', action: 'none', detail: 'duplicate' },
  ]);
  expect((await plan({ ...access, definitions, update: true }))[1]).toEqual({
    name: 'There',
    action: 'update',
    detail: 'differs: type normal → shared',
  });
  expect(new Set(zoom.requests().map(({ method }) => method))).toEqual(new Set(['GET']));
  const closed = await startAccount({ faults: ['no-list'] });
  await expect(plan({ ...closed.access, definitions })).rejects.toMatchObject({ stop: { exit: 3 } });
});

test.each<readonly [string, object]>([
  ['definitions', { definitions: 'Sales' }],
  ['definitions', { definitions: undefined }],
  ['credentials', { credentials: undefined }],
  ['credentials', { credentials: { type: 'password' } }],
  ['credentials', { credentials: { type: 'token', token: '' } }],
  ['credentials', { credentials: { type: 'app', accountId: 'a', clientId: 'b' } }],
  ['api', { api: 'rooms' }],
  ['accountPlan', { accountPlan: 'enterprise' }],
  ['body', { body: 'xml' }],
  ['body', { api: 'contacts', body: 'multipart' }],
  ['perSecond', { perSecond: 0 }],
  ['perSecond', { perSecond: Number.NaN }],
  ['concurrency', { concurrency: Number.POSITIVE_INFINITY }],
  ['concurrency', { concurrency: 1.5 }],
  ['maxFailures', { maxFailures: '3' }],
  ['signal', { signal: {} }],
  ['onEvent', { onEvent: 'log' }],
  ['onWarning', { onWarning: {} }],
  ['ZOOM_BASE_URL', { baseUrl: 'http://example.com' }],
])('an argument that is wrong is refused by its name: %s, %j', async (name, wrong) => {
  const { access, zoom } = await startAccount();
  const options = { ...access, definitions: [{ name: 'A' }], ...wrong } as never;
  for (const call of [provision, plan]) {
    const refused = call(options);
    await expect(refused).rejects.toBeInstanceOf(FatalError);
    await expect(refused).rejects.toMatchObject({
      stop: { exit: 2, message: expect.stringContaining(name) },
    });
  }
  expect(zoom.requests()).toEqual([]);
});

test('no argument at all is refused like a wrong one', async () => {
  for (const call of [provision, plan] as const) {
    await expect(call(undefined as never)).rejects.toBeInstanceOf(FatalError);
  }
});

test('compiles and runs as the README has it', async () => {
  const { zoom } = await startTestSimulator({ accountPlan: 'business' });
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const example = /^```ts\n([\s\S]*?)^```/m.exec(readme)?.[1] ?? '';
  const addresses = `baseUrl: ${JSON.stringify(zoom.baseUrl)}, tokenUrl: ${JSON.stringify(zoom.tokenUrl)},`;
  const adapted = example.replace("accountPlan: 'business',", `accountPlan: 'business', ${addresses}`);
  expect(adapted).toContain(addresses);
  const cwd = folder();
  mkdirSync(join(cwd, 'node_modules'));
  symlinkSync(ROOT, join(cwd, 'node_modules/zoom-im-groups'));
  writeFileSync(join(cwd, 'package.json'), '{"type":"module"}');
  writeFileSync(join(cwd, 'example.ts'), adapted);
  const tsc = [join(ROOT, 'node_modules/typescript/bin/tsc'), '--strict', '--module', 'nodenext'];
  tsc.push('--target', 'es2022', '--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types'));
  execFileSync(process.execPath, [...tsc, 'example.ts'], { cwd, stdio: 'pipe' });
  const { accountId, clientId, clientSecret } = zoom.credentials;
  const env = { ZOOM_ACCOUNT_ID: accountId, ZOOM_CLIENT_ID: clientId, ZOOM_CLIENT_SECRET: clientSecret };
  const printed = await promisify(execFile)(process.execPath, ['example.js'], { cwd, env });
  expect(printed).toEqual({ stdout: 'Sales created \nSupport created \n', stderr: '' });
});
