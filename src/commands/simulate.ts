/** `simulate`: the stand-in for Zoom, for curl, Postman, or a run of ours in another terminal. */
import { once } from 'node:events';
import { startConfiguredSimulator } from '../cli/account.js';
import type { Options } from '../cli/options.js';
import { EXIT, type ExitCode } from '../model/stop.js';
import { writeStdout } from '../terminal/stdout.js';

/** Serves until a signal comes. */
export async function simulate(_: readonly string[], options: Options): Promise<ExitCode> {
  const simulator = await startConfiguredSimulator(options, []);
  const { credentials } = simulator;
  // Who reads the address may send a signal at once.
  const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), once(process, 'SIGHUP')]);
  writeStdout(`The stand-in for Zoom (simulated) listens. In another terminal:

  export ZOOM_BASE_URL=${simulator.baseUrl}
  export ZOOM_TOKEN_URL=${simulator.tokenUrl}
  export ZOOM_ACCOUNT_ID=${credentials.accountId}
  export ZOOM_CLIENT_ID=${credentials.clientId}
  export ZOOM_CLIENT_SECRET=${credentials.clientSecret}

or, with its ready-made token:

  export ZOOM_BASE_URL=${simulator.baseUrl}
  export ZOOM_ACCESS_TOKEN=${simulator.token}

Ctrl-C stops it.`);
  await stopped;
  await simulator.close();
  return EXIT.ok;
}
