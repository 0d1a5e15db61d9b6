/** What the options accept: text in, a value out, or what it must be. Without such a parser an option is text. */
import { InvalidArgumentError } from 'commander';
import { parseShard, type Shard } from '../validation/shard.js';

export function integer(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

export function count(text: string): number {
  const n = integer(text);
  if (n < 1) throw new InvalidArgumentError('It must be 1 or more.');
  return n;
}

export function milliseconds(text: string): number {
  const n = integer(text);
  if (n > 600_000) throw new InvalidArgumentError('It must be 600000 (ten minutes) or less.');
  return n;
}

export function seconds(text: string): number {
  if (!/^\d{1,7}(\.\d+)?$/.test(text)) throw new InvalidArgumentError('It must be a number of seconds.');
  return Number(text);
}

export function port(text: string): number {
  const n = integer(text);
  if (n > 65_535) throw new InvalidArgumentError('It must be a port, 0 to 65535.');
  return n;
}

export function rate(text: string): number {
  const n = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || n < 0.01 || n > 1000) {
    throw new InvalidArgumentError('It must be a number of requests a second, 0.01 to 1000.');
  }
  return n;
}

export function share(text: string): { n: number; percent: boolean } {
  const match = /^(\d{1,9}(?:\.\d+)?)(%?)$/.exec(text);
  const n = Number(match?.[1]);
  const percent = match?.[2] === '%';
  if (!match || n <= 0 || (percent ? n > 100 : !Number.isInteger(n))) {
    throw new InvalidArgumentError('It must be a number of rows, as 10, or a share of them, as 5%.');
  }
  return { n, percent };
}

export function shard(text: string): Shard {
  const parsed = parseShard(text);
  if (!parsed) throw new InvalidArgumentError('It must be K/N with K from 1 to N, as 2/4.');
  return parsed;
}

export function delimiter(text: string): string {
  const named = text === 'tab' || text === '\\t' ? '\t' : text;
  if ([...named].length !== 1 || /["\r\n]/.test(named)) {
    throw new InvalidArgumentError('It must be one character, or the word tab.');
  }
  return named;
}

export function list(text: string, before: unknown): readonly string[] {
  return [...(Array.isArray(before) ? before : []), text];
}

export function mapping(text: string, before: unknown): Readonly<Record<string, string>> {
  const at = text.lastIndexOf('=');
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('It must be COLUMN=FIELD.');
  return { ...(before as Record<string, string> | undefined), [text.slice(0, at)]: text.slice(at + 1) };
}
