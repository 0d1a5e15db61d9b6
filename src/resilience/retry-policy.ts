/**
 * Every number that decides behaviour, with its source, and `decide`: from a row's replies to what is
 * done next. What the whole run does about an answer is `weather`'s.
 */
import type { Operation, Target } from '../events/event.js';
import { EXIT, type Outcome, pickMetadata, type Reply, type Stop } from '../model/outcome.js';
import { formatDuration } from '../text/format.js';
import { BREAKER } from './run-policy.js';

/** Where Zoom is, for all but government accounts. */
export const ZOOM = {
  baseUrl: 'https://api.zoom.us/v2',
  tokenUrl: 'https://zoom.us/oauth/token',
} as const;

type PerPlan = Readonly<Record<Target['accountPlan'], number>>;

/** Requests a second by rate label. Source: Zoom, "Rate limits", the table by account type. */
export const PER_SECOND: Readonly<Record<Target['api'], PerPlan>> = {
  // Creating an IM group is "Light".
  im: { free: 4, pro: 30, business: 80 },
  // Creating a contact group is "Heavy".
  contacts: { free: 1, pro: 10, business: 40 },
};

/**
 * Requests a day, where there is such a budget. Source: the same table; the heavy budget of the paid
 * plans is shared with every other heavy and resource-intensive call of the account.
 */
export const PER_DAY: Readonly<Record<Target['api'], PerPlan>> = {
  im: { free: 6_000, pro: Number.POSITIVE_INFINITY, business: Number.POSITIVE_INFINITY },
  contacts: { free: 1_000, pro: 30_000, business: 60_000 },
};

/** Attempts a row gets at trouble that may pass at once, and at trouble that needs a little time. */
export const ATTEMPTS = { short: 3, long: 5 } as const;

/** Per-second refusals are no fault of the row, but a row that meets nothing else must end some day. */
export const LIMITED_ATTEMPTS = 10;

/** Back-off with full jitter: random · min(cap, base · 2^n). */
export const BACKOFF = { baseMs: 1_000, capMs: 30_000 } as const;

/** What a row refused by the per-second limit waits, where the answer names no wait. */
export const LIMITED_WAIT_MS = 1_000;

/** The longest wait that a row keeps to: after so long without an answer the run itself gives up. */
export const LONGEST_WAIT_MS: number = BREAKER.giveUpAfterMs;

/** How many rows may be on their way at once: enough for the rate at one second of latency. */
export function concurrencyFor(perSecond: number): number {
  return Math.ceil(perSecond * 1.2) + 2;
}

/** What is known of a step when its replies are judged. */
export type Judged = {
  readonly op: Operation;
  /** Something of an earlier process may have taken effect for this row. */
  readonly inDoubt: boolean;
  /** A create that is sent twice makes two groups: no conflict tells that the first one took effect. */
  readonly namesRepeat?: boolean;
  /** The group that an update or a removal is about. */
  readonly groupId?: string;
};

export type Decision =
  | { readonly do: 'again'; readonly waitMs: number }
  | { readonly do: 'settle'; readonly outcome: Outcome }
  /** Only a listing can tell how this row ended. `said`: more than the reply's own message. */
  | { readonly do: 'look-up'; readonly said?: string }
  | { readonly do: 'stop'; readonly stop: Stop };

/**
 * What is done after a row's newest reply.
 * @param replies all replies to the row's attempts in this process, oldest first; at least one
 * @param dice a number from 0 up to, but not including, 1
 */
export function decide(step: Judged, replies: readonly Reply[], dice: () => number): Decision {
  const reply = replies.at(-1);
  if (!reply) throw new Error('decide needs a reply');
  const ambiguous = step.inDoubt || replies.some((r) => 'ambiguous' in r && r.ambiguous);
  switch (reply.kind) {
    case 'done':
      return settle(replies, DONE[step.op], '', reply.groupId ?? step.groupId);
    case 'taken':
      if (step.op !== 'create') return settle(replies, 'failed', reply.message);
      return ambiguous ? { do: 'look-up' } : settle(replies, 'already-provisioned', '');
    case 'absent':
      if (step.op === 'delete') return settle(replies, 'deleted', 'it was gone already', step.groupId);
      return ambiguous && step.op === 'create'
        ? { do: 'look-up' }
        : settle(replies, 'failed', reply.message, step.groupId);
    case 'refused':
      return reply.ambiguous || (ambiguous && step.op === 'create')
        ? { do: 'look-up' }
        : settle(replies, 'failed', reply.message, step.groupId);
    case 'blocked':
      return { do: 'stop', stop: reply.stop };
    case 'token':
      return replies.at(-2)?.kind === 'token' ? { do: 'stop', stop: tokenRefused(reply) } : again(0);
    case 'limited':
      return reply.per === 'day'
        ? { do: 'stop', stop: dailyLimit(reply) }
        : limited(step, replies, reply.waitMs ?? LIMITED_WAIT_MS, ambiguous);
    case 'trouble':
      return troubled(step, replies, reply, ambiguous, dice);
  }
}

/** How a row ends whose request was done. */
export const DONE = { create: 'created', update: 'updated', delete: 'deleted', restore: 'restored' } as const;

function again(waitMs: number): Decision {
  return { do: 'again', waitMs };
}

function settle(
  replies: readonly Reply[],
  status: Outcome['status'],
  detail: string,
  groupId?: string,
): Decision {
  const attempts = replies.length;
  const id = groupId === undefined ? {} : { groupId };
  return { do: 'settle', outcome: { status, detail, attempts, ...id, ...pickMetadata(replies.at(-1)) } };
}

function limited(step: Judged, replies: readonly Reply[], waitMs: number, ambiguous: boolean): Decision {
  const met = replies.filter((r) => r.kind === 'limited').length;
  if (met < LIMITED_ATTEMPTS) return again(waitMs);
  if (ambiguous) return { do: 'look-up' };
  return settle(replies, 'failed', `refused by the per-second limit ${met} times`, step.groupId);
}

function troubled(
  step: Judged,
  replies: readonly Reply[],
  reply: Extract<Reply, { kind: 'trouble' }>,
  ambiguous: boolean,
  dice: () => number,
): Decision {
  if ((reply.waitMs ?? 0) > LONGEST_WAIT_MS) {
    const said = `${reply.message}, and asks to wait ${formatDuration(reply.waitMs ?? 0)}`;
    return ambiguous ? { do: 'look-up', said } : settle(replies, 'failed', said, step.groupId);
  }
  if (reply.ambiguous && step.namesRepeat) return { do: 'look-up' };
  const met = replies.filter((r) => r.kind === 'trouble').length;
  if (met < ATTEMPTS[reply.patience]) {
    const jitterMs = dice() * Math.min(BACKOFF.capMs, BACKOFF.baseMs * 2 ** (met - 1));
    return again(Math.max(reply.waitMs ?? 0, Math.round(jitterMs)));
  }
  if (ambiguous) return { do: 'look-up' };
  return settle(replies, 'failed', `${reply.message}, ${met} times`, step.groupId);
}

function tokenRefused(reply: Reply): Stop {
  return {
    exit: EXIT.actionRequired,
    reason: 'token-refused',
    message: `Zoom refused a fresh access token: ${reply.message}`,
    hint: 'Check that the app is activated and belongs to this account, then run the same command with --resume.',
  };
}

function dailyLimit(reply: Extract<Reply, { kind: 'limited'; per: 'day' }>): Stop {
  return {
    exit: EXIT.retryLater,
    reason: 'daily-limit',
    message: `Zoom's daily limit is used up (${reply.message}); it resets at ${new Date(reply.resetsAt).toISOString()}`,
    hint: 'Run the same command with --resume after that.',
  };
}

/** The plan's daily budget is used up before Zoom has to say so. */
export function budgetSpent(perDay: number, resetsAt: number): Stop {
  return {
    exit: EXIT.retryLater,
    reason: 'daily-budget',
    message: `the plan's ${perDay.toLocaleString('en')} requests a day are spent; they reset at ${new Date(resetsAt).toISOString()}`,
    hint: 'Run the same command with --resume after that.',
  };
}

/** `--max-failures`. */
export function tooManyFailures(failures: number): Stop {
  return {
    exit: EXIT.retryLater,
    reason: 'max-failures',
    message: `${failures} rows failed, as many as --max-failures allows`,
    hint: 'See failed.csv for the reasons, then run the same command with --resume.',
  };
}
