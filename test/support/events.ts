/** What a run of the loop told, as a test asks for it. */
import { expect } from 'vitest';
import type { Event, EventOf } from '../../src/events/event.js';
import type { Told } from './virtual-clock.js';

/** The events of one kind. */
export function of<E extends Event['e']>({ events }: Told, e: E): readonly EventOf<E>[] {
  return events.filter((event): event is EventOf<E> => event.e === e);
}
/** How the rows ended, in that order. */
export const statuses = ({ outcomes }: Told) => [...outcomes.values()].map(({ status }) => status);
export const counted = (told: Told, status: string) => statuses(told).filter((one) => one === status).length;

/** What holds after every stop: it is told once, and nothing is begun after it. */
export function stopped(told: Told, exit: number, reason: string): void {
  expect(told.error).toBeUndefined();
  expect(told.ran?.stop).toMatchObject({ exit, reason });
  const stops = of(told, 'stop');
  expect(stops.map(({ stop }) => stop.reason)).toEqual([reason]);
  const after = told.events.slice(told.events.findIndex(({ e }) => e === 'stop'));
  expect(after.filter(({ e }) => e === 'attempt')).toEqual([]);
  expect(told.sent.filter(({ at }) => at > (stops[0]?.at ?? 0))).toEqual([]);
  // Nor is the rest of the file read.
  expect(told.read).toBeLessThanOrEqual(new Set(told.sent.map(({ name }) => name)).size + 12);
  expect(told.endedAt - (stops[0]?.at ?? 0), 'it did not end at once').toBeLessThanOrEqual(100);
}
