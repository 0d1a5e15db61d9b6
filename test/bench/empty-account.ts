/** An empty account of a stand-in in a process of its own. */
import { fork } from 'node:child_process';
import type { SimulatorOptions } from '../../src/simulator/server.js';

export type Account = {
  readonly base: string;
  readonly token: string;
  readonly made: () => Promise<number>;
  readonly end: () => void;
};
/** A stand-in in a process of its own. */
export async function standIn(options: SimulatorOptions): Promise<Account> {
  const child = fork(new URL('simulator.js', import.meta.url), [JSON.stringify(options)]);
  const { origin, token } = await new Promise<{ origin: string; token: string }>((ready, failed) => {
    child.once('message', (message) => ready(message as { origin: string; token: string }));
    child.once('error', failed);
  });
  const base = `${origin}/v2`;
  const made = async (): Promise<number> => {
    const answer = await fetch(`${base}/im/groups`, { headers: { authorization: `Bearer ${token}` } });
    return ((await answer.json()) as { total_records: number }).total_records;
  };
  return { base, token, made, end: () => child.disconnect() };
}
