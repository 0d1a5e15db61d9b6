/**
 * The simulator in a process of its own, some way off: bytes take their time in each direction, so that what stalls
 * the client does not stall what is under way. Ends with its parent.
 */
import { connect, createServer, type Socket } from 'node:net';
import { type SimulatorOptions, startSimulator } from '../../src/simulator/server.js';

/** One way, each. */
export type Distance = { readonly awayMs: number; readonly jitterMs: number };

export type Settings = {
  readonly options: SimulatorOptions;
  readonly groupCount: number;
  readonly distance: Distance;
};

export type ArrivedRequest = {
  /** ms since 1970. */
  readonly at: number;
  readonly label: string | undefined;
  readonly status: number | null;
};

const { options, groupCount, distance }: Settings = JSON.parse(process.argv[2] ?? '{}');
const groups = Array.from({ length: groupCount }, (_, i) => ({
  id: `g${i}`.padEnd(22, 'x'),
  name: `Group number ${i}`,
}));
const simulator = await startSimulator({ ...options, ...(groupCount > 0 ? { groups } : {}) });

/** Passes bytes on later, in their order. */
function carry(from: Socket, to: Socket): void {
  let last = 0;
  const later = (act: () => void): void => {
    const now = performance.now();
    last = Math.max(last, now + distance.awayMs + (Math.random() - 0.5) * distance.jitterMs);
    setTimeout(act, last - now);
  };
  from.on('data', (bytes) => later(() => to.write(bytes)));
  from.on('end', () => later(() => to.end()));
  from.on('error', () => to.destroy());
}

/** A port from which the simulator is as far away as asked for. */
async function openDistantPort(): Promise<string> {
  const { hostname, port } = new URL(simulator.url);
  const server = createServer({ noDelay: true }, (client) => {
    const zoom = connect({ host: hostname, port: Number(port), noDelay: true });
    carry(client, zoom);
    carry(zoom, client);
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

const origin = distance.awayMs > 0 ? await openDistantPort() : simulator.url;
process.on('message', (question) => {
  if (question === 'groups') process.send?.(simulator.groups().length);
  else {
    const arrived = simulator
      .requests()
      .map(({ at, label, status }): ArrivedRequest => ({ at: performance.timeOrigin + at, label, status }));
    process.send?.(arrived);
  }
});
process.on('disconnect', () => process.exit());
process.send?.({ origin, token: simulator.token });
