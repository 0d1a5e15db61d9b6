/** A stand-in with many groups, in a process of its own. Ends with its parent. */
import { startSimulator } from '../../src/simulator/server.js';

const groups = Array.from({ length: Number(process.argv[2]) }, (_, i) => ({
  id: `g${i}`.padEnd(22, 'x'),
  name: `Group number ${i}`,
}));
const { baseUrl: base, token } = await startSimulator({ latencyMs: 0, groups, limiter: 'none' });
process.send?.({ base, token });
process.on('disconnect', () => process.exit());
