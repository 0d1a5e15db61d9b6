/**
 * How near the pacer comes to the limit without breaking it: so many rows against the stand-in, which is
 * 150 ms away with 30 ms of jitter, as % of the limit and % of 429s.
 */
import { fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import Bottleneck from 'bottleneck';
import { Pool } from 'undici';
import type { Reply } from '../../src/model/reply.js';
import { type Pacer, pacer } from '../../src/rate-limit/limiter.js';
import { fairWeather, MARGIN, react } from '../../src/resilience/run-policy.js';
import { spread } from './measure.js';
import type { Distance } from './simulator.js';

type Limiter = 'sliding' | 'fixed';
type Contender = { readonly name: string; readonly open: (perSecond: number) => Pacer };
type Case = {
  readonly contender: Contender;
  readonly limiter: Limiter;
  readonly plan: 'pro' | 'business';
  readonly perSecond: number;
};
type Figures = { readonly ofLimit: number; readonly refused: number; readonly lost: number };

const ROWS = 1_200;
/** 150 ms there and back; the jitter of the way there is what breaks limits. */
const AWAY: Distance = { awayMs: 75, jitterMs: 30 };

const ours: Contender = {
  name: 'pacer',
  open: (perSecond) => pacer({ perSecond, marginMs: MARGIN.startMs }),
};

/** What bottleneck does by itself; it learns nothing. */
const plain: Contender = {
  name: 'minTime alone',
  open: (perSecond) => {
    const limiter = new Bottleneck({ minTime: 1_000 / perSecond });
    const nothing = () => undefined;
    return {
      turn: () => limiter.schedule(async () => undefined),
      pause: nothing,
      setRate: nothing,
      setMargin: nothing,
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

/** One line of the table a case; all cases of a round run side by side. */
export async function pacing(rounds: number, told: (line: string) => void): Promise<readonly string[]> {
  const figures = new Map<Case, Figures[]>(CASES.map((each) => [each, []]));
  for (let round = 1; round <= rounds; round += 1) {
    await Promise.all(
      CASES.map(async (each, i) => {
        // Not all in the same ms: they share this process.
        await sleep(i * 3);
        figures.get(each)?.push(await measure(each));
      }),
    );
    told(`pacing: round ${round} of ${rounds}`);
  }
  return [
    '| turns by | limit a second | counted by | % of the limit | % of 429s | rows lost |',
    '|---|---|---|---|---|---|',
    ...CASES.map((each) => line(each, figures.get(each) ?? [])),
  ];
}

function line({ contender, limiter, perSecond }: Case, all: readonly Figures[]): string {
  const column = (of: (figures: Figures) => number, digits: number) => spread(all.map(of), digits);
  const lost = all.reduce((sum, figures) => sum + figures.lost, 0);
  const window = limiter === 'sliding' ? 'any second' : 'whole seconds';
  return `| ${contender.name} | ${perSecond} | ${window} | ${column((f) => f.ofLimit, 1)} | ${column((f) => f.refused, 2)} | ${lost} |`;
}

async function measure({ contender, limiter, plan, perSecond }: Case): Promise<Figures> {
  const standIn = fork(new URL('simulator.js', import.meta.url), [
    JSON.stringify({ accountPlan: plan, limiter, latencyMs: 0, groups: [] }),
    JSON.stringify(AWAY),
  ]);
  const { origin, token } = await new Promise<{ origin: string; token: string }>((ready, fail) => {
    standIn.once('message', (message) => ready(message as { origin: string; token: string }));
    standIn.once('error', fail);
  });
  const pool = new Pool(origin, { connections: perSecond });
  const turns = contender.open(perSecond);
  const weather = fairWeather(perSecond);
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
      await turns.turn();
      const sentAt = performance.now();
      const http = await send(name);
      const reply: Reply =
        http === 429
          ? { kind: 'limited', per: 'second', http, message: '' }
          : { kind: 'done', http, message: '' };
      const { marginMs, perSecond: rate, pauseMs } = react(weather, reply, sentAt, performance.now());
      if (marginMs !== undefined) turns.setMargin(marginMs);
      if (rate !== undefined) turns.setRate(rate);
      if (pauseMs !== undefined) turns.pause(pauseMs);
      if (http !== 429) {
        starts.push(sentAt);
        return http === 201;
      }
      refused += 1;
      await sleep(1_000);
    }
  };
  const made = await Promise.all(Array.from({ length: ROWS }, (_, i) => row(`Group ${i}`)));

  await Promise.all([pool.close(), turns.close()]);
  standIn.disconnect();
  const seconds = (Math.max(...starts) - Math.min(...starts)) / 1_000;
  return {
    ofLimit: (100 * (ROWS - 1)) / seconds / perSecond,
    refused: (100 * refused) / (ROWS + refused),
    lost: made.filter((one) => !one).length,
  };
}
