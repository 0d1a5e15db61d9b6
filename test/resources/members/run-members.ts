/** Runs the members session in the engine against the fake, with the events that a journal would hold. */
import { runSession } from '../../../src/engine/loop.js';
import type { Event } from '../../../src/events/event.js';
import { applyEvent, createRunState, type RunState } from '../../../src/events/run-state.js';
import type { Outcome } from '../../../src/model/outcome.js';
import { createStop, FatalError, type Stop } from '../../../src/model/stop.js';
import { members } from '../../../src/resources/members/members.js';
import type { MembersOptions } from '../../../src/resources/members/options.js';
import type { Resource, Session, Step } from '../../../src/resources/resource.js';
import { mapHeader } from '../../../src/validation/header.js';
import { createRowValidator, type InputDefinition, type ValidatedRow } from '../../../src/validation/row.js';
import type { FakeZoom } from './fake-zoom.js';

/** The rows of a CSV without quotes. */
export function readRows<Item>(csv: string, input: InputDefinition<Item>): readonly ValidatedRow<Item>[] {
  const [first = '', ...lines] = csv.trim().split('\n');
  const header = mapHeader(first.split(','), 1, {}, input.fields);
  if ('problems' in header) throw new Error(header.problems.map(({ message }) => message).join('; '));
  const validate = createRowValidator(header.columns, input);
  return lines.flatMap((raw, at) => validate({ line: at + 2, cells: raw.split(','), raw }));
}

export type RunOptions = {
  readonly limit?: number;
  /** What earlier processes recorded. */
  readonly events?: readonly Event[];
  /** The process is killed when it wants to record one event more. */
  readonly killAfter?: number;
  readonly maxFailures?: number;
  readonly isDryRun?: boolean;
  readonly session?: Session;
  readonly random?: () => number;
};

export type Run = {
  readonly state: RunState;
  readonly events: readonly Event[];
  readonly stop: Stop | undefined;
  readonly session: Session;
  readonly planned: readonly Step[];
  /** By the name of the membership. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
};

export function runMembers(
  zoom: FakeZoom,
  csv: string,
  options: MembersOptions,
  run: RunOptions = {},
): Promise<Run> {
  return runResource(zoom, csv, members, options, run);
}

export async function runResource<Item, Options>(
  zoom: FakeZoom,
  csv: string,
  resource: Resource<Item, Options>,
  options: Options,
  {
    limit,
    events: before = [],
    killAfter,
    maxFailures,
    isDryRun,
    session: given,
    random = () => 0.5,
  }: RunOptions = {},
): Promise<Run> {
  const state = createRunState();
  const events: Event[] = [];
  const outcomes = new Map<string, Outcome>();
  const keep = (event: Event): void => {
    events.push(event);
    if (!isDryRun) applyEvent(state, event);
    if (event.type !== 'reply' && event.type !== 'known') return;
    for (const { name, outcome } of event.outcomes ?? []) outcomes.set(name, outcome);
  };
  for (const event of before) keep(event);
  keep({ type: 'run', at: zoom.clock.now() } as Event);
  const rows = readRows(csv, resource.input(options));
  const session =
    given ??
    resource.open({
      rows: async function* () {
        yield rows;
      },
      state,
      now: () => zoom.clock.now(),
      options,
      ...(limit === undefined ? {} : { limit }),
    });
  const planned: Step[] = [];
  const atStart = events.length;
  const stop = await runSession(session, {
    api: zoom,
    record: (...more) => {
      if (killAfter !== undefined && events.length - atStart >= killAfter) {
        throw new FatalError(createStop('journal-unwritable', 'killed', ''));
      }
      for (const event of more) keep(event);
    },
    onLost: () => undefined,
    clock: zoom.clock,
    random,
    concurrencyFor: () => 6,
    ...(maxFailures === undefined ? {} : { maxFailures }),
    wasAttempted: (key) => (state.rows.get(key)?.attempts ?? 0) > 0,
    ...(isDryRun ? { onPlannedWrite: (step: Step) => void planned.push(step) } : {}),
    signal: new AbortController().signal,
  });
  return { state, events, stop, session, planned, outcomes };
}

/** `status: detail` of each membership. */
export function describeOutcomes({ outcomes }: Pick<Run, 'outcomes'>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...outcomes].map(([name, { status, detail }]) => [
      name,
      detail === '' ? status : `${status}: ${detail}`,
    ]),
  );
}
