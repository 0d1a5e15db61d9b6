/** Where locks are kept if --state-dir does not say so. */
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { findStateFolder } from '../../src/cli/options/environment.js';
import { EXIT } from '../../src/model/stop.js';
import { command, file, folder } from '../support/command.js';
import { startTestSimulator } from '../support/simulator.js';

vi.mock('node:os', async (load) => ({ ...(await load<typeof import('node:os')>()), homedir: vi.fn() }));

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the state folder', () => {
  test.each([
    ['/state', '/home/a', '/state/zoom-im-groups'],
    ['', '/home/a', '/home/a/.local/state/zoom-im-groups'],
    // "If an implementation encounters a relative path, it should consider the path invalid and ignore it."
    ['state', '/home/a', '/home/a/.local/state/zoom-im-groups'],
  ])('with XDG_STATE_HOME=%s is where the XDG specification puts it', (stateHome, home, expected) => {
    vi.stubEnv('XDG_STATE_HOME', stateHome);
    vi.mocked(homedir).mockReturnValue(home);
    expect(findStateFolder({})).toBe(expected);
  });

  test.each([
    ['HOME is empty', () => ''],
    [
      'the user is in no list of users',
      () => {
        throw Object.assign(new Error('uv_os_homedir returned ENOENT'), { code: 'ERR_SYSTEM_ERROR' });
      },
    ],
  ])('is asked for if %s', (_, home) => {
    vi.stubEnv('XDG_STATE_HOME', '');
    vi.mocked(homedir).mockImplementation(home);
    expect(() => findStateFolder({})).toThrow('this user has no home folder');
  });

  test('that cannot be found ends the command with one line and its way out, and nothing is made', async () => {
    const cwd = folder();
    const groups = file('name\nSales\n');
    const { env: account, zoom } = await startTestSimulator();
    const env = { ...account, HOME: '', XDG_STATE_HOME: '' };
    const { code, stderr } = await command(['apply', groups, '--out', 'r'], { cwd, env });
    expect(code).toBe(EXIT.usage);
    expect(stderr.trimEnd().split('\n').slice(-2)).toEqual([
      'zoom-im-groups: there is no folder to keep locks in: this user has no home folder, and HOME is not set',
      'Name a folder that this user can write, with --state-dir DIR.',
    ]);
    expect(readdirSync(cwd)).toEqual([]);
    expect(zoom.created()).toEqual([]);
    const state = join(cwd, 'state');
    const again = await command(['apply', groups, '--state-dir', state], { cwd, env });
    expect(again.code).toBe(EXIT.ok);
  });
});
