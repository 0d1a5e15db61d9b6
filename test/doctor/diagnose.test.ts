/** Each check in its verdicts, against the simulator through the real request path. */
// @module-tag slow
import { describe, expect, test } from 'vitest';
import { describeDiagnosis, formatDiagnosis } from '../../src/doctor/report.js';
import { DEFAULT_GROUPS } from '../../src/simulator/server.js';
import { type DoctorSetup, diagnoseSimulator, verdicts } from '../support/doctor.js';

const READ_SCOPES = ['imgroup:read:admin', 'contact_group:read:admin', 'user:read:admin'];

/** A busy machine sends requests late and in bursts: a stray 429, which doctor reports, is no finding here. */
const UNLIMITED = { limiter: 'none' } as const;

type Case = readonly [
  name: string,
  setup: DoctorSetup,
  expected: Readonly<Record<string, string>>,
  exit: number,
];

const reading: readonly Case[] = [
  [
    'an account without IM groups',
    { simulator: { faults: ['gone'] } },
    { 'im.alive': 'warn', 'contacts.alive': 'ok' },
    0,
  ],
  [
    'an app that may not list groups',
    { simulator: { faults: ['no-list'] } },
    { 'im.alive': 'fail', 'contacts.alive': 'fail' },
    3,
  ],
  ['an app that may not list users', { simulator: { faults: ['no-users'] } }, { users: 'warn' }, 0],
  [
    'an app with classic scopes for IM groups only',
    { simulator: { scopes: ['imgroup:read:admin', 'imgroup:write:admin'] } },
    { scopes: 'ok', 'im.alive': 'ok', 'contacts.alive': 'warn', 'account-plan': 'ok', users: 'warn' },
    0,
  ],
  [
    'an app with granular scopes for creating only',
    {
      simulator: {
        scopes: ['contact_group:read:list_groups:admin', 'contact_group:write:group:admin'],
      },
    },
    { scopes: 'warn', 'im.missing-group': 'warn' },
    0,
  ],
  ['an app that may only read', { simulator: { scopes: READ_SCOPES } }, { scopes: 'fail' }, 3],
  [
    'a list that ends in the middle',
    { simulator: { faults: ['broken-list:1'] }, isHasty: true, readingMs: 2_000 },
    { 'im.alive': 'fail', 'contacts.alive': 'fail' },
    4,
  ],
  [
    'groups without a number of members',
    { simulator: { faults: ['no-member-count'] } },
    { 'im.total-members': 'warn', 'contacts.total-members': 'warn' },
    0,
  ],
  ['compressed responses', { simulator: { faults: ['gzip'] } }, { encoding: 'ok' }, 0],
  [
    'an account without groups',
    { simulator: { groups: [] } },
    { 'im.listing': 'unknown', 'im.id-spelling': 'unknown', 'im.total-members': 'unknown' },
    0,
  ],
  [
    'a wrong client secret',
    { credentials: ({ credentials }) => ({ type: 'app', ...credentials, clientSecret: 'wrong-secret' }) },
    { credentials: 'fail', 'im.alive': 'unknown', connection: 'unknown' },
    3,
  ],
  [
    'a wrong account id',
    { credentials: ({ credentials }) => ({ type: 'app', ...credentials, accountId: 'another-account' }) },
    { credentials: 'fail' },
    3,
  ],
  [
    'a token that is not accepted',
    { credentials: () => ({ type: 'token', token: 'not-a-token' }), machine: { credentials: 'token' } },
    { credentials: 'fail', 'token-life': 'warn' },
    3,
  ],
  [
    'a token that was made elsewhere',
    { credentials: ({ token }) => ({ type: 'token', token }), machine: { credentials: 'token' } },
    { credentials: 'ok', 'token-life': 'warn', scopes: 'unknown' },
    0,
  ],
  ['a token that lives a minute', { simulator: { tokenLifetimeS: 60 } }, { 'token-life': 'warn' }, 0],
  ['a wrong base URL', { baseUrl: ({ url }) => `${url}/v3` }, { connection: 'fail', 'im.alive': 'fail' }, 3],
  [
    'a port at which nothing listens',
    { baseUrl: () => 'http://127.0.0.1:9/v2', isHasty: true },
    { connection: 'fail', 'im.alive': 'fail', 'contacts.alive': 'fail' },
    4,
  ],
  [
    'a state folder that cannot be written',
    { machine: { stateFolderError: 'EACCES' } },
    { 'state-folder': 'fail' },
    3,
  ],
  ['another run on the account', { machine: { lockOwner: 'apply' } }, { lock: 'warn' }, 0],
  [
    'a daily limit that is used up',
    { simulator: { dailyLimit: 0 } },
    { 'im.alive': 'fail', 'rate-limit-headers': 'warn' },
    4,
  ],
];

describe('reading', () => {
  test('finds nothing wrong with an account that has everything, and sends only GET and the token call', async () => {
    const { diagnosis, zoom } = await diagnoseSimulator();
    expect(diagnosis.results.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
    expect(diagnosis).toMatchObject({ exit: { code: 0 }, suggestion: [] });
    const writes = zoom.requests().filter(({ method, path }) => method !== 'GET' && path !== '/oauth/token');
    expect(writes).toEqual([]);
  });

  test.each(reading)('%s', async (_, setup, expected, exit) => {
    const { diagnosis } = await diagnoseSimulator(setup);
    expect(verdicts(diagnosis)).toMatchObject(expected);
    expect(diagnosis.exit.code).toBe(exit);
    expect(diagnosis.suggestion !== undefined).toBe(exit === 0);
    // Whatever is not well says what to do, or what was not found out.
    for (const { verdict, todo } of diagnosis.results) if (verdict === 'fail') expect(todo).toBeTruthy();
  });

  test.each(['free', 'business'] as const)('the %s plan is recognised and suggested', async (accountPlan) => {
    const { diagnosis } = await diagnoseSimulator({ simulator: { accountPlan } });
    expect(diagnosis.suggestion).toEqual(['--account-plan', accountPlan]);
  });

  test('the rate limit headers name the plan where the billing scope is missing', async () => {
    const scopes = ['imgroup:read:admin', 'imgroup:write:admin'];
    const { diagnosis } = await diagnoseSimulator({ simulator: { accountPlan: 'business', scopes } });
    expect(diagnosis.suggestion).toEqual(['--account-plan', 'business']);
  });

  test('the command that fits an account with contact groups only names them', async () => {
    const { diagnosis } = await diagnoseSimulator({
      simulator: { faults: ['gone'], accountPlan: 'business' },
    });
    expect(formatDiagnosis(diagnosis, { color: false, quiet: true, common: [] }).at(-1)).toBe(
      'Next step: zoom-im-groups apply groups.csv --api contacts --account-plan business',
    );
  });

  test('a clock that is wrong is noticed', async () => {
    const { diagnosis } = await diagnoseSimulator({ clockAheadMs: 300_000 });
    expect(diagnosis.results.find(({ id }) => id === 'clock')).toMatchObject({
      verdict: 'warn',
      found: expect.stringContaining('5 min ahead of'),
    });
  });
});

const writing: readonly Case[] = [
  ['a form that is not accepted', { simulator: { faults: ['415'] } }, { 'im.body': 'warn' }, 0],
  [
    'a plan that is not paid',
    { simulator: { faults: ['paid'] } },
    { 'im.body': 'fail', 'contacts.body': 'fail' },
    3,
  ],
  ['a scope that is missing', { simulator: { faults: ['scope'] } }, { 'im.body': 'fail' }, 3],
  ['access that is denied', { simulator: { faults: ['403'] } }, { 'im.body': 'fail' }, 3],
  ['a redirect', { simulator: { faults: ['redirect'] } }, { 'im.body': 'fail' }, 3],
  ['a token that is refused for writes', { simulator: { faults: ['401'] } }, { 'im.body': 'fail' }, 3],
  ['creates that are refused', { simulator: { faults: ['400'] } }, { 'im.body': 'fail' }, 3],
  ['a success that is none', { simulator: { faults: ['201-error:1'] } }, { 'im.body': 'fail' }, 3],
  ['a daily limit', { simulator: { faults: ['daily:1'] } }, { 'im.body': 'fail' }, 4],
  ['an outage', { simulator: { faults: ['503:1'] }, isHasty: true }, { 'im.body': 'fail' }, 4],
  [
    'creates without an id',
    { simulator: { faults: ['no-id:1'] }, isHasty: true },
    { 'im.created-id': 'warn', 'contacts.created-id': 'warn' },
    0,
  ],
  [
    'creates that are cut off',
    { simulator: { faults: ['cut-off:1'] }, isHasty: true },
    { 'im.created-id': 'warn' },
    0,
  ],
  [
    'blanks that are folded',
    { simulator: { faults: ['folds-names'] } },
    { 'im.name-double-blanks': 'warn', 'contacts.name-double-blanks': 'warn', 'im.name-case': 'ok' },
    0,
  ],
  [
    'an account without IM groups',
    { simulator: { faults: ['gone'] } },
    { 'im.alive': 'warn', 'contacts.body': 'ok', 'contacts.privacy': 'unknown' },
    0,
  ],
];

describe('--write', () => {
  test('finds nothing wrong with the simulator, and leaves nothing behind', async () => {
    const { diagnosis, zoom } = await diagnoseSimulator({ write: true, simulator: UNLIMITED });
    expect(diagnosis.results.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
    expect(zoom.created().length).toBeGreaterThan(10);
    expect(zoom.created().every(({ name }) => name.toLowerCase().startsWith('zz-doctor-'))).toBe(true);
    expect(zoom.groups().map(({ id }) => id)).toEqual(DEFAULT_GROUPS.map(({ id }) => id));
  });

  test.each(writing)('%s', async (_, setup, expected, exit) => {
    const { diagnosis, zoom } = await diagnoseSimulator({ ...setup, write: true });
    expect(verdicts(diagnosis)).toMatchObject({ ...expected, 'clean-up': 'ok' });
    expect(diagnosis.exit.code).toBe(exit);
    expect(zoom.groups()).toHaveLength(DEFAULT_GROUPS.length);
  });

  test('a list that is late is measured', async () => {
    const { diagnosis } = await diagnoseSimulator({
      write: true,
      simulator: { faults: ['list-lag'], lagMs: 1_500 },
    });
    const lag = diagnosis.results.find(({ id, api }) => id === 'listing-lag' && api === 'im');
    expect(lag).toMatchObject({ verdict: 'ok' });
    expect(lag?.answer).toMatchObject({ after_ms: expect.any(Number) });
    expect(Number((lag?.answer as { after_ms: number }).after_ms)).toBeGreaterThan(1_000);
  });

  test('the body format that alone is accepted is suggested', async () => {
    const { diagnosis } = await diagnoseSimulator({ write: true, simulator: { faults: ['415'] } });
    expect(diagnosis.suggestion).toEqual(['--body', 'json']);
  });

  test('what is lost now and then is deleted all the same', async () => {
    const faults = ['reset-after:0.1', '500:0.05', 'no-id:0.1', 'cut-off:0.1'];
    for (const seed of [1, 2]) {
      const { zoom } = await diagnoseSimulator({ write: true, isHasty: true, simulator: { faults, seed } });
      expect(zoom.created().length).toBeGreaterThan(0);
      expect(zoom.groups()).toHaveLength(DEFAULT_GROUPS.length);
    }
  });

  test('groups that cannot be deleted are named with their ids, and the exit code is 1', async () => {
    const scopes = ['contact_group:read:list_groups:admin', 'contact_group:write:group:admin'];
    const { diagnosis, zoom } = await diagnoseSimulator({ write: true, simulator: { scopes } });
    const left = zoom.groups().filter(({ name }) => name.toLowerCase().startsWith('zz-doctor-'));
    expect(left.length).toBeGreaterThan(0);
    expect(diagnosis.exit).toMatchObject({ code: 1, reason: 'leftovers' });
    const found = diagnosis.results.find(({ id }) => id === 'clean-up')?.found;
    for (const { id } of left) expect(found).toContain(id);
  });
});

describe('--member', () => {
  const member = 'ada.adler@example.com';
  const isMemberCheck = (id: string): boolean => /\bmember-/.test(id);

  test('tries members of both APIs with that user, and finds nothing wrong with the simulator', async () => {
    const { diagnosis, zoom } = await diagnoseSimulator({ write: true, member, simulator: UNLIMITED });
    const found = verdicts(diagnosis);
    expect(Object.keys(found).filter(isMemberCheck)).toHaveLength(12);
    expect(diagnosis.results.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
    expect(zoom.groups()).toHaveLength(DEFAULT_GROUPS.length);
    expect(JSON.stringify(describeDiagnosis(diagnosis, []))).not.toContain('adler');
  });

  test.each<readonly [string, DoctorSetup, Readonly<Record<string, string>>]>([
    [
      'adds that add nobody',
      { member, isHasty: true, simulator: { faults: ['adds-nobody:1'] } },
      { 'im.member-by-email': 'warn', 'contacts.member-by-id': 'warn', 'im.member-lag': 'warn' },
    ],
    [
      'users that cannot be read',
      { member, simulator: { faults: ['no-users'] } },
      { 'im.member-by-email': 'ok', 'contacts.member-by-id': 'warn' },
    ],
    [
      'a user who is not there',
      { member: 'nobody@example.com', isHasty: true },
      { 'im.member-by-email': 'warn', 'contacts.member-by-id': 'warn' },
    ],
  ])('%s', async (_, setup, expected) => {
    const { diagnosis } = await diagnoseSimulator({ ...setup, write: true });
    expect(verdicts(diagnosis)).toMatchObject(expected);
  });

  test('a member list that is late is measured', async () => {
    const simulator = { faults: ['member-lag'], lagMs: 1_500 };
    const { diagnosis } = await diagnoseSimulator({ write: true, member, simulator });
    const lag = diagnosis.results.find(({ id, api }) => id === 'member-lag' && api === 'im');
    expect(Number((lag?.answer as { after_ms: number }).after_ms)).toBeGreaterThan(1_000);
  });
});

describe('what is printed', () => {
  test('as JSON, it names no group, person, address, account or secret', async () => {
    const { diagnosis, zoom } = await diagnoseSimulator({
      write: true,
      simulator: { faults: ['echo-secret', 'paid:0.3'] },
    });
    const { accountId, clientId, clientSecret } = zoom.credentials;
    const text = JSON.stringify(describeDiagnosis(diagnosis, []));
    const people = zoom.users.flatMap(({ email, last_name: last = '' }) => [email, last]);
    const groups = DEFAULT_GROUPS.flatMap(({ id, name }) => [id, name]);
    const private_ = [accountId, clientId, clientSecret, zoom.token, '127.0.0.1', 'Bearer', 'kV2mTq8aQbO'];
    for (const word of [...people, ...groups, ...private_]) expect(text).not.toContain(word);
  });

  test('on a terminal, no secret that Zoom repeats', async () => {
    const { diagnosis, zoom } = await diagnoseSimulator({
      write: true,
      simulator: { faults: ['echo-secret'] },
    });
    const text = formatDiagnosis(diagnosis, { color: true, quiet: false, common: [] }).join('\n');
    expect(text).toContain('Bad header');
    expect(text).not.toContain(zoom.credentials.clientSecret);
    expect(text).not.toMatch(/Bearer (?!\*)/);
  });
});
