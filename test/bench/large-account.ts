/** A stand-in with many groups, in a process of its own. Ends with its parent. */
import { startSimulator } from '../../src/simulator/server.js';

const groups = Array.from({ length: Number(process.argv[2]) }, (_, i) => ({
  id: `g${i}`.padEnd(22, 'x'),
  name: `Group number ${i}`,
}));
const simulator = await startSimulator({ latencyMs: 0, groups, limiter: 'none' });
const { baseUrl: base, token } = simulator;
process.send?.({ base, token });
// Whoever asks is told when the requests came, in ms since 1970.
process.on('message', () => {
  process.send?.(simulator.requests().map(({ at }) => performance.timeOrigin + at));
});
process.on('disconnect', () => process.exit());
