/** What a program may rely on that uses the library. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { type Definition, type Event, FatalError, provision } from '../src/index.js';
import { folder } from './support/command.js';
import { startTestSimulator, type TestSimulator } from './support/simulator.js';

const ROOT = resolve(import.meta.dirname, '..');

async function account(): Promise<{
  zoom: TestSimulator['zoom'];
  given: { baseUrl: string; accountPlan: 'business'; credentials: { kind: 'token'; token: string } };
}> {
  const { zoom } = await startTestSimulator({
    groups: [{ id: 'there', name: 'There' }],
    accountPlan: 'business',
  });
  const credentials = { kind: 'token', token: zoom.token } as const;
  return { zoom, given: { baseUrl: zoom.baseUrl, accountPlan: 'business', credentials } };
}

async function* some(definitions: readonly Definition[]): AsyncGenerator<Definition> {
  yield* definitions;
}

test('says of each definition how it ended, in order, and of every event as it happens', async () => {
  const { given } = await account();
  const events: Event[] = [];
  const definitions: Definition[] = [
    { name: 'One', type: 'shared' },
    { name: 'There' },
    { name: 'Two' },
    { name: 'One', type: 'shared' },
  ];
  const done = await provision({
    ...given,
    definitions: some(definitions),
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
  const settled = events.flatMap((event) => (event.e === 'settled' ? [event.name] : []));
  expect(settled.sort()).toEqual(['One', 'There', 'Two']);
  expect(events.filter(({ e }) => e === 'attempt')).toHaveLength(2);
});

test('sends nothing where a definition is wrong, and names each that is', async () => {
  const events: Event[] = [];
  const { given } = await account();
  const definitions = [{ name: 'Fine' }, { name: ' ' }, { name: 'fine' }];
  const failed = provision({ ...given, definitions, onEvent: (event) => events.push(event) });
  await expect(failed).rejects.toBeInstanceOf(FatalError);
  await expect(failed).rejects.toMatchObject({ stop: { exit: 2 } });
  const { stop } = await failed.catch((error: FatalError) => error as never);
  expect((stop as { message: string }).message).toMatch(/definition 2: .*\ndefinition 3: /);
  expect(events).toEqual([]);
});

test('ends after what is in flight when its signal aborts', async () => {
  const { given } = await account();
  const stop = new AbortController();
  const definitions = Array.from({ length: 200 }, (_, i) => ({ name: `Team ${i}` }));
  const done = await provision({
    ...given,
    definitions,
    concurrency: 2,
    signal: stop.signal,
    onEvent: ({ e }) => {
      if (e === 'settled') stop.abort();
    },
  });
  expect(done.results).toHaveLength(200);
  expect(done.counts.created).toBeGreaterThan(0);
  expect(done.counts.created + done.counts['not-attempted']).toBe(200);
  expect(done.counts['not-attempted']).toBeGreaterThan(150);
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
