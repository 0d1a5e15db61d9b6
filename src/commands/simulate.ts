/** `simulate`: the simulator of Zoom's API, for curl, Postman, or a run in another terminal. */
import { once } from 'node:events';
import { startConfiguredSimulator } from '../cli/account.js';
import type { Options } from '../cli/options/options.js';
import { EXIT, type ExitCode } from '../model/stop.js';
import type { Simulator } from '../simulator/server.js';
import { writeStdout } from '../terminal/stdout.js';

/** Serves until a signal comes. */
export async function simulate(_: readonly string[], options: Options): Promise<ExitCode> {
  const simulator = await startConfiguredSimulator(options, []);
  // A reader of the address may send a signal at once.
  const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), once(process, 'SIGHUP')]);
  writeStdout(options.quiet ? formatVariables(simulator).trimEnd() : describe(simulator));
  await stopped;
  await simulator.close();
  return EXIT.ok;
}

/** What a shell can evaluate as it is. */
function formatVariables({ baseUrl, tokenUrl, credentials }: Simulator, indent = ''): string {
  const lines = [
    `export ZOOM_BASE_URL=${baseUrl}`,
    `export ZOOM_TOKEN_URL=${tokenUrl}`,
    `export ZOOM_ACCOUNT_ID=${credentials.accountId}`,
    `export ZOOM_CLIENT_ID=${credentials.clientId}`,
    `export ZOOM_CLIENT_SECRET=${credentials.clientSecret}`,
  ];
  return lines.map((line) => `${indent}${line}\n`).join('');
}

function describe(simulator: Simulator): string {
  return `The simulator of Zoom's API is listening (simulated: nothing reaches Zoom). In another terminal:

${formatVariables(simulator, '  ')}
or, with its ready-made token:

  export ZOOM_BASE_URL=${simulator.baseUrl}
  export ZOOM_ACCESS_TOKEN=${simulator.token}

Ctrl-C stops it.`;
}
