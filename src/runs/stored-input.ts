/** The input that a run's journal holds: how it gets there, and how it is read back. */
import { StringDecoder } from 'node:string_decoder';
import type { Dialect, Event, EventOf } from '../events/event.js';
import { applyEvent, createRunState, type RunState } from '../events/run-state.js';
import { readJournal } from '../journal/reader.js';
import { createStop, FatalError } from '../model/stop.js';
import type { Resource } from '../resources/resource.js';
import { hashWhileReading } from '../storage/file-source.js';
import { VERSION } from '../storage/version.js';
import { findResource } from './resource-registry.js';
import type { InputValidation, ReadOptions } from './validate-input.js';

/** Reads a run folder's journal. @throws FatalError if there is none, or if it is damaged */
export function readRunState(folder: string): RunState {
  const state = createRunState();
  for (const batch of readJournal(folder)) {
    for (const event of batch) {
      if (event.type === 'run') refuseForeignOptions(folder, event);
      applyEvent(state, event);
    }
  }
  return state;
}

/** The journal's schema knows no resource; the resource knows its options. */
function refuseForeignOptions(folder: string, { shape }: EventOf<'run'>): void {
  const resource = findResource(shape.resource);
  if (!resource || resource.isOptions(shape.options)) return;
  const message = `the journal in ${folder} is damaged: its header has options that no run of ${shape.resource} has`;
  throw new FatalError(createStop('journal-damaged', message, 'Restore a copy of it, or begin a new run.'));
}

/** The input as events: text if it is UTF-8, as most are, otherwise base64. */
export async function* toInputEvents(
  source: AsyncIterable<Uint8Array>,
  encoding: string,
  now: () => number,
): AsyncGenerator<Event> {
  if (encoding !== 'utf-8') {
    for await (const bytes of source) {
      yield { type: 'input', at: now(), text: Buffer.from(bytes).toString('base64'), base64: true };
    }
    return;
  }
  // A piece may end inside a character; the decoder keeps such a beginning for the next piece.
  const decoder = new StringDecoder('utf8');
  for await (const bytes of source)
    yield { type: 'input', at: now(), text: decoder.write(Buffer.from(bytes)) };
  const rest = decoder.end();
  if (rest !== '') yield { type: 'input', at: now(), text: rest };
}

/** The bytes of the input that a run's journal holds. */
export async function* readStoredInput(folder: string, state: RunState): AsyncGenerator<Uint8Array> {
  let run = -1;
  for (const batch of readJournal(folder)) {
    for (const event of batch) {
      if (event.type === 'run') run += 1;
      if (event.type === 'input-complete' && run === state.storedInput) return;
      if (event.type !== 'input' || run !== state.storedInput) continue;
      yield Buffer.from(event.text, event.base64 ? 'base64' : 'utf8');
    }
  }
}

/** The run whose input the journal holds completely; undefined if it holds none. */
export function findStoredRun({ runs, storedInput }: RunState): EventOf<'run'> | undefined {
  return storedInput === undefined ? undefined : runs[storedInput];
}

/** Finds a resource by its kind; default: in the registry. */
export type FindResource = (kind: string) => Resource | undefined;

/** The resource that a run is about, and how to read its input. @throws FatalError if the run stored none */
export function describeStoredRun(
  state: RunState,
  find: FindResource = findResource,
): {
  readonly run: EventOf<'run'>;
  readonly resource: Resource;
  readonly readOptions: ReadOptions;
} {
  const run = findStoredRun(state);
  if (!run) {
    const message = 'this run ended before it had stored its input; nothing was sent';
    throw new FatalError(createStop('nothing-stored', message, 'Run the command again, without --resume.'));
  }
  const { dialect, resource: kind, options } = run.shape;
  const resource = find(kind);
  if (!resource) {
    const message = `this run is about ${kind}, which this version does not know`;
    throw new FatalError(createStop('journal-newer', message, `It was made by version ${run.toolVersion}.`));
  }
  const hasUniqueKeys = run.input.items === run.input.rows;
  return { run, resource, readOptions: { dialect, input: resource.input(options), hasUniqueKeys } };
}

/** Whether the same bytes would give the same rows. */
export function isSameDialect(one: Dialect, other: Dialect): boolean {
  const toText = ({ encoding, delimiter, map, shard }: Dialect): string =>
    JSON.stringify([encoding, delimiter, Object.entries(map), shard]);
  return toText(one) === toText(other);
}

/**
 * The validation of an input that an earlier process of its run found to be without a problem, if its bytes are the
 * same: checking a million rows takes longer than everything else that a resume does first.
 */
export async function reuseValidation(
  source: AsyncIterable<Uint8Array>,
  dialect: Dialect,
  state: RunState,
): Promise<InputValidation | undefined> {
  const run = findStoredRun(state);
  if (!run?.input.isClean || run.toolVersion !== VERSION || !isSameDialect(run.shape.dialect, dialect)) {
    return undefined;
  }
  const hashed = hashWhileReading(source);
  for await (const _ of hashed.source);
  const { sha256, rows, items } = run.input;
  if (hashed.digest() !== sha256) return undefined;
  const clean = { invalid: 0, problems: [], broken: false, encoding: '', columns: undefined } as const;
  return { ...clean, sha256, rows, items, duplicates: rows - items };
}
