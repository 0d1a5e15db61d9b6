/**
 * The stand-in for Zoom in a process of its own, some way off: bytes take their time in each direction, so
 * that what stalls the client does not stall what is under way. Ends with its parent.
 */
import { connect, createServer, type Socket } from 'node:net';
import { startSimulator } from '../../src/simulator/server.js';

/** One way, each. */
export type Distance = { readonly awayMs: number; readonly jitterMs: number };

const [settings = '{}', distance = '{"awayMs":0,"jitterMs":0}'] = process.argv.slice(2);
const { awayMs, jitterMs }: Distance = JSON.parse(distance);
const simulator = await startSimulator(JSON.parse(settings));
const zoom = new URL(simulator.url);

/** Passes bytes on later, in their order. */
function carry(from: Socket, to: Socket): void {
  let last = 0;
  const later = (act: () => void) => {
    const now = performance.now();
    last = Math.max(last, now + awayMs + (Math.random() - 0.5) * jitterMs);
    setTimeout(act, last - now);
  };
  from.on('data', (bytes) => later(() => to.write(bytes)));
  from.on('end', () => later(() => to.end()));
  from.on('error', () => to.destroy());
}

const road = createServer({ noDelay: true }, (client) => {
  const server = connect({ host: zoom.hostname, port: Number(zoom.port), noDelay: true });
  carry(client, server);
  carry(server, client);
});
road.listen(0, '127.0.0.1', () => {
  const address = road.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  process.send?.({ origin: `http://127.0.0.1:${address.port}`, token: simulator.token });
});
process.on('disconnect', () => process.exit());
