/**
 * How near the limiter comes to the limit without breaking it: requests to a simulator that is 150 ms away with 30 ms
 * of jitter, as % of the limit and % of 429s.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import Bottleneck from 'bottleneck';
import { Pool } from 'undici';
import type { Reply } from '../../src/model/reply.js';
import { type Limiter, LocalLimiter } from '../../src/rate-limit/local-limiter.js';
import { adaptRate, createAdaptiveRate } from '../../src/resilience/adaptive-rate.js';
import { formatSpread } from './measure.js';
import type { Distance } from './simulator.js';
import { startSimulatorProcess } from './simulator-process.js';

/** How the simulator counts: any second, or whole ones. */
type Window = 'sliding' | 'fixed';
type Contender = { readonly name: string; readonly open: (perSecond: number) => Limiter };
type Case = {
  readonly contender: Contender;
  readonly limiter: Window;
  readonly plan: 'pro' | 'business';
  readonly perSecond: number;
};
type Figures = { readonly ofLimit: number; readonly refused: number; readonly lost: number };

const ROWS = 1_200;
/** 150 ms there and back; the jitter of the way there is what breaks limits. */
const AWAY: Distance = { awayMs: 75, jitterMs: 30 };

const NEVER = new AbortController().signal;

const ours: Contender = { name: 'our limiter', open: (perSecond) => new LocalLimiter(perSecond) };

/** What bottleneck does by itself; it learns nothing. */
const plain: Contender = {
  name: 'minTime alone',
  open: (perSecond) => {
    const limiter = new Bottleneck({ minTime: 1_000 / perSecond });
    const ignore = (): void => undefined;
    return {
      acquire: () => limiter.schedule(async () => undefined),
      pause: ignore,
      setRate: ignore,
      setWindowPadding: ignore,
      close: () => limiter.stop(),
    };
  },
};

const CASES: readonly Case[] = [
  { contender: ours, limiter: 'sliding', plan: 'pro', perSecond: 30 },
  { contender: ours, limiter: 'sliding', plan: 'business', perSecond: 80 },
  { contender: ours, limiter: 'fixed', plan: 'pro', perSecond: 30 },
  { contender: ours, limiter: 'fixed', plan: 'business', perSecond: 80 },
  { contender: plain, limiter: 'sliding', plan: 'business', perSecond: 80 },
];

/** One line of the table a case; the cases of a round run side by side. */
export async function measurePacing(
  rounds: number,
  report: (line: string) => void,
): Promise<readonly string[]> {
  const figures = new Map<Case, Figures[]>(CASES.map((each) => [each, []]));
  for (let round = 1; round <= rounds; round += 1) {
    await Promise.all(
      CASES.map(async (each, i) => {
        // Not all in the same ms: they share this process.
        await sleep(i * 3);
        figures.get(each)?.push(await measure(each));
      }),
    );
    report(`pacing: round ${round} of ${rounds}`);
  }
  return [
    '| limiter | requests/s | counted by | % of the limit | % of 429s | rows lost |',
    '|---|---|---|---|---|---|',
    ...CASES.map((each) => line(each, figures.get(each) ?? [])),
  ];
}

function line({ contender, limiter, perSecond }: Case, all: readonly Figures[]): string {
  const column = (of: (figures: Figures) => number, digits: number) => formatSpread(all.map(of), digits);
  const lost = all.reduce((sum, figures) => sum + figures.lost, 0);
  const window = limiter === 'sliding' ? 'any second' : 'whole seconds';
  return `| ${contender.name} | ${perSecond} | ${window} | ${column((f) => f.ofLimit, 1)} | ${column((f) => f.refused, 2)} | ${lost} |`;
}

async function measure({ contender, limiter, plan, perSecond }: Case): Promise<Figures> {
  const options = { accountPlan: plan, limiter, latencyMs: 0, groups: [] } as const;
  const simulator = await startSimulatorProcess(options, { distance: AWAY });
  const { origin, token } = simulator;
  const pool = new Pool(origin, { connections: perSecond });
  const slots = contender.open(perSecond);
  const rate = createAdaptiveRate(perSecond);
  const starts: number[] = [];
  let refused = 0;

  const send = async (name: string): Promise<number> => {
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path: '/v2/im/groups',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name }),
    });
    await body.dump();
    return statusCode;
  };
  const row = async (name: string): Promise<boolean> => {
    for (;;) {
      await slots.acquire(NEVER);
      const sentAt = performance.now();
      const httpStatus = await send(name);
      const reply: Reply =
        httpStatus === 429
          ? { type: 'rate-limited', httpStatus, message: '' }
          : { type: 'success', httpStatus, message: '', body: {}, complete: true };
      const change = adaptRate(rate, reply, sentAt, performance.now());
      if (change.windowPaddingMs !== undefined) slots.setWindowPadding(change.windowPaddingMs);
      if (change.perSecond !== undefined) slots.setRate(change.perSecond);
      if (change.pauseMs !== undefined) slots.pause(change.pauseMs);
      if (httpStatus !== 429) {
        starts.push(sentAt);
        return httpStatus === 201;
      }
      refused += 1;
      await sleep(1_000);
    }
  };
  const created = await Promise.all(Array.from({ length: ROWS }, (_, i) => row(`Group ${i}`)));

  await Promise.all([pool.close(), slots.close()]);
  simulator.end();
  const seconds = (Math.max(...starts) - Math.min(...starts)) / 1_000;
  return {
    ofLimit: (100 * (ROWS - 1)) / seconds / perSecond,
    refused: (100 * refused) / (ROWS + refused),
    lost: created.filter((one) => !one).length,
  };
}
