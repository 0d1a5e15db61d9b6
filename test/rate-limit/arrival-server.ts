/** An HTTP server on a thread of its own that notes when each request arrives. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export type ArrivalServer = {
  readonly url: string;
  /** Ends it. @returns the arrivals in ms, in order */
  close(): Promise<readonly number[]>;
};

const CODE = `
  const { createServer } = require('node:http');
  const { parentPort } = require('node:worker_threads');
  const arrivals = [];
  const server = createServer((_, response) => {
    arrivals.push(performance.timeOrigin + performance.now());
    response.end();
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
  parentPort.once('message', () => {
    parentPort.postMessage(arrivals);
    server.close();
    server.closeAllConnections();
    parentPort.close();
  });`;

export async function startArrivalServer(): Promise<ArrivalServer> {
  const worker = new Worker(CODE, { eval: true });
  const [port] = (await once(worker, 'message')) as [number];
  return {
    url: `http://127.0.0.1:${port}/`,
    close: async () => {
      const message = once(worker, 'message');
      worker.postMessage('close');
      const [arrivals] = (await message) as [readonly number[]];
      return arrivals;
    },
  };
}
