/** A run against a stand-in that sometimes never answers, with less patience than the command's 30 seconds. */

import { provision } from '../../src/engine/provision.js';
import type { Event } from '../../src/events/event.js';
import { createRunState } from '../../src/events/run-state.js';
import { type Result, toResult } from '../../src/reporting/results.js';
import { plan } from '../../src/resources/groups/plan.js';
import { startSimulator } from '../../src/simulator/server.js';
import { mapHeader } from '../../src/validation/header.js';
import { createRowValidator, type ValidatedRow } from '../../src/validation/row.js';
import { openHttp } from '../../src/zoom/http-client.js';
import { imDirectory } from '../../src/zoom/im-groups.js';
import { fixedToken } from '../../src/zoom/oauth.js';

const ANSWER_MS = 250;

export type Hanging = {
  readonly rows: readonly Result[];
  /** Names of the groups that there are in the end, each as often as it was made. */
  readonly made: readonly string[];
  /** How many requests had no answer. */
  readonly waits: number;
};

/** Rows `Group 1` and on, to their end. */
export async function resultsOfHanging(rows: number): Promise<Hanging> {
  const zoom = await startSimulator({ latencyMs: 0, groups: [], faults: ['hang:0.3'], seed: 10 });
  const http = openHttp({ userAgent: 'test', connections: 4, answerMs: ANSWER_MS });
  const token = fixedToken(zoom.token);
  const api = { http, baseUrl: new URL(zoom.baseUrl), token, now: Date.now };
  const history = createRunState();
  const all = definitions(rows);
  try {
    await provision({
      directory: imDirectory(api, 'multipart'),
      // One row after the other, so that the same seed brings the same answers; the waits cost nothing.
      concurrency: 1,
      clock: { now: Date.now, sleep: async () => undefined },
      turns: {
        turn: async () => undefined,
        pause: () => undefined,
        setRate: () => undefined,
        setMargin: () => undefined,
      },
      rows: async function* () {
        yield all;
      },
      plan: (row, now) => plan(row, { now, history, update: false }),
      history,
      keep: (_: Event) => undefined,
      onEvent: () => undefined,
      onLost: () => undefined,
      dice: Math.random,
      perSecond: 80,
      accountPlan: 'business',
      baseline: true,
      needsListing: undefined,
      signal: new AbortController().signal,
    });
    const made = zoom
      .created()
      .map(({ name }) => name)
      .sort();
    const waits = zoom.requests().filter(({ status }) => status === null).length;
    return { rows: all.map((row) => toResult(row, history)), made, waits };
  } finally {
    await http.close();
    await zoom.close();
  }
}

function definitions(n: number): readonly ValidatedRow[] {
  const read = mapHeader(['name'], 1, {});
  if ('problems' in read) throw new Error('the columns of the test are wrong');
  const check = createRowValidator(read.columns);
  return Array.from({ length: n }, (_, i) => {
    const name = `Group ${i + 1}`;
    return check({ line: i + 2, cells: [name], raw: `${name}\n` });
  });
}
