/** A simulator in a process of its own, so that its work is not counted as the command's. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { SimulatorOptions } from '../../src/simulator/server.js';
import type { ArrivedRequest, Distance, Settings } from './simulator.js';

export type SimulatorProcess = {
  readonly origin: string;
  readonly token: string;
  /** Makes the command use it. */
  readonly env: (stateFolder: string) => Record<string, string>;
  readonly countGroups: () => Promise<number>;
  readonly requests: () => Promise<readonly ArrivedRequest[]>;
  readonly end: () => void;
};

/** @param groupCount groups that exist, called `Group number 0` and on, instead of those of `options` */
export async function startSimulatorProcess(
  options: SimulatorOptions,
  given: { readonly groupCount?: number; readonly distance?: Distance } = {},
): Promise<SimulatorProcess> {
  const settings: Settings = { options, groupCount: 0, distance: { awayMs: 0, jitterMs: 0 }, ...given };
  const child = fork(new URL('simulator.js', import.meta.url), [JSON.stringify(settings)]);
  const [{ origin, token }] = (await once(child, 'message')) as [{ origin: string; token: string }];
  return {
    origin,
    token,
    env: (folder) => ({
      ZOOM_BASE_URL: `${origin}/v2`,
      ZOOM_ACCESS_TOKEN: token,
      XDG_STATE_HOME: folder,
    }),
    countGroups: () => ask<number>(child, 'groups'),
    requests: () => ask<readonly ArrivedRequest[]>(child, 'requests'),
    end: () => child.disconnect(),
  };
}

async function ask<T>(child: ChildProcess, question: string): Promise<T> {
  child.send(question);
  const [answer] = (await once(child, 'message')) as [T];
  return answer;
}
