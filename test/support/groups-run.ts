/** Runs on groups against the fake Zoom: one process after another on one journal, each of which may be killed. */
import { type DryRun, dryRun, type Job, provision } from '../../src/engine/provision.js';
import type { Event, EventOf } from '../../src/events/event.js';
import { applyEvent, createRunState, type RunState } from '../../src/events/run-state.js';
import type { Outcome } from '../../src/model/outcome.js';
import type { Status } from '../../src/model/statuses.js';
import { groups } from '../../src/resources/groups/groups.js';
import { createGroupsRollback, findUndos, formatUndoCsv } from '../../src/resources/groups/rollback.js';
import type { GroupsOptions } from '../../src/resources/groups/session.js';
import type { Session, Step } from '../../src/resources/resource.js';
import { mapHeader } from '../../src/validation/header.js';
import { createRowValidator, type InputDefinition, type ValidatedRow } from '../../src/validation/row.js';
import { createFakeZoom, type FakeZoom, type FakeZoomOptions } from './fake-zoom.js';
import { createVirtualClock, type VirtualClock } from './virtual-clock.js';

/** Rows of a small CSV without quotes; the first line is the header. */
export function validateRows<Item>(csv: string, input: InputDefinition<Item>): readonly ValidatedRow<Item>[] {
  const [header = '', ...lines] = csv.trim().split('\n');
  const mapped = mapHeader(header.split(','), 1, {}, input.fields);
  if ('problems' in mapped) throw new Error(mapped.problems.map(({ message }) => message).join('; '));
  const validate = createRowValidator(mapped.columns, input);
  return lines.flatMap((raw, i) => validate({ line: i + 2, cells: raw.split(','), raw: `${raw}\n` }));
}

export type ProcessOptions = Partial<Pick<GroupsOptions, 'update' | 'body' | 'listing' | 'needsListing'>> & {
  readonly limit?: number;
  readonly maxFailures?: number;
  readonly concurrency?: number;
  readonly random?: () => number;
  /** Kills the process at the so-manieth event that it would record. */
  readonly killAtEvent?: number;
  /** Kills the process so many ms after its start. */
  readonly killAfterMs?: number;
};

export type GroupsRun = {
  readonly clock: VirtualClock;
  readonly zoom: FakeZoom;
  /** All that the processes of the run recorded. */
  readonly journal: Event[];
  /** Runs one process to its end, its stop or its death; a resume of what the journal holds. */
  readonly apply: (options?: ProcessOptions) => Promise<RunState>;
  /** What a process would do; `apply` then does it with the same session. */
  readonly plan: (
    options?: ProcessOptions,
  ) => Promise<{ readonly writes: readonly Step[]; readonly apply: () => Promise<RunState> }>;
  /** Undoes the run; or goes on with the rollback that was killed last. */
  readonly rollback: (
    includeUpdates?: boolean,
    options?: Pick<ProcessOptions, 'killAtEvent'> & { readonly isResume?: boolean },
  ) => Promise<RunState>;
  /** How many readers of the input are not closed. */
  readonly openInputs: () => number;
  /** As a report reads it from the journal. */
  readonly state: () => RunState;
  /** The state that the last process itself had. */
  readonly lastState: () => RunState;
};

const START = Date.UTC(2026, 10, 24, 9);

const header: EventOf<'run'> = {
  type: 'run',
  at: START,
  schemaVersion: 2,
  runId: 'r',
  toolVersion: '0',
  command: 'apply',
  resumed: false,
  simulated: true,
  input: { path: 'a.csv', sha256: '', rows: 1, items: 1, isClean: true },
  target: { baseUrl: 'http://127.0.0.1', api: 'im', accountPlan: 'pro', perSecond: 30 },
  shape: {
    resource: 'groups',
    options: {},
    skipInvalid: false,
    dialect: { encoding: '', delimiter: '', map: {} },
  },
};

export function replay(journal: readonly Event[]): RunState {
  const state = createRunState();
  // What a process reads was written as JSON.
  for (const event of journal) applyEvent(state, JSON.parse(JSON.stringify(event)));
  return state;
}

export function createGroupsRun(csv: string, zoomOptions: Omit<FakeZoomOptions, 'clock'>): GroupsRun {
  const clock = createVirtualClock(START);
  const zoom = createFakeZoom({ ...zoomOptions, clock });
  const journal: Event[] = [];
  /** The journal of the rollback. */
  let undoing: Event[] = [];
  let inputs = 0;
  let live = createRunState();

  const inBatches = async function* <Item>(
    rows: readonly ValidatedRow<Item>[],
  ): AsyncGenerator<readonly ValidatedRow<Item>[]> {
    inputs += 1;
    try {
      for (let at = 0; at < rows.length; at += 3) yield rows.slice(at, at + 3);
    } finally {
      inputs -= 1;
    }
  };
  const toOptions = (options: ProcessOptions): GroupsOptions => ({
    api: zoomOptions.api,
    update: options.update ?? false,
    body: options.body ?? 'auto',
    listing: options.listing ?? true,
    needsListing: options.needsListing ?? false,
  });
  const open = (state: RunState, options: ProcessOptions): Session => {
    const resourceOptions = toOptions(options);
    const rows = validateRows(csv, groups.input(resourceOptions));
    return groups.open({
      rows: () => inBatches(rows),
      state,
      now: clock.now,
      options: resourceOptions,
      ...(options.limit === undefined ? {} : { limit: options.limit }),
    });
  };
  const perform = async (
    session: Session,
    state: RunState,
    into: Event[],
    { killAtEvent, killAfterMs, maxFailures, concurrency = 10, random = () => 0.5 }: ProcessOptions,
  ): Promise<RunState> => {
    let recorded = 0;
    let isAlive = true;
    let die: (state: RunState) => void = () => undefined;
    const killed = new Promise<RunState>((resolve) => {
      die = resolve;
    });
    const kill = (): void => {
      isAlive = false;
      die(state);
    };
    if (killAfterMs !== undefined) clock.at(clock.now() + killAfterMs, kill);
    const job: Job = {
      session,
      state,
      api: zoom.connect(() => isAlive),
      onPace: () => undefined,
      keep: (...events) => {
        recorded += events.length;
        if (killAtEvent !== undefined && recorded > killAtEvent) kill();
        if (isAlive) into.push(...events);
      },
      onEvent: () => undefined,
      onLost: () => undefined,
      clock,
      random,
      concurrencyFor: () => concurrency,
      signal: new AbortController().signal,
      ...(maxFailures === undefined ? {} : { maxFailures }),
    };
    return clock.run(Promise.race([provision(job).then(() => state), killed]));
  };
  const begin = (into: Event[]): RunState => {
    into.push({ ...header, at: clock.now() });
    return replay(into);
  };

  return {
    clock,
    zoom,
    journal,
    apply: async (options = {}) => {
      const state = begin(journal);
      live = state;
      await perform(open(state, options), state, journal, options);
      return replay(journal);
    },
    plan: async (options = {}) => {
      const state = begin(journal);
      const session = open(state, options);
      const writes: Step[] = [];
      const job: DryRun = {
        session,
        api: zoom.connect(),
        onPace: () => undefined,
        onEvent: () => undefined,
        onPlannedWrite: (step) => void writes.push(step),
        clock,
        random: () => 0.5,
        concurrencyFor: () => 10,
        signal: new AbortController().signal,
      };
      await clock.run(dryRun(job));
      const apply = (): Promise<RunState> => {
        session.restart();
        return perform(session, state, journal, options);
      };
      return { writes, apply };
    },
    rollback: async (includeUpdates = false, { killAtEvent, isResume = false } = {}) => {
      const undos = findUndos(replay(journal), includeUpdates);
      const resource = createGroupsRollback(undos);
      const options = { api: zoomOptions.api, source: 'runs/a', includeUpdates };
      const rows = validateRows(formatUndoCsv(undos), resource.input(options));
      if (!isResume) undoing = [];
      const state = begin(undoing);
      const session = resource.open({ rows: () => inBatches(rows), state, now: clock.now, options });
      await perform(session, state, undoing, killAtEvent === undefined ? {} : { killAtEvent });
      return replay(undoing);
    },
    openInputs: () => inputs,
    state: () => replay(journal),
    lastState: () => live,
  };
}

export function outcomeOf(state: RunState, key: string): Outcome | undefined {
  return state.rows.get(key)?.outcome;
}

export function statusesOf(state: RunState): Readonly<Record<string, Status | undefined>> {
  return Object.fromEntries([...state.rows].map(([key, { outcome }]) => [key, outcome?.status]));
}
