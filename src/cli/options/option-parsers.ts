/** What the options accept: text in, a value out, or what it must be. Without such a parser an option is text. */
import { InvalidArgumentError } from 'commander';
import { parseShard } from '../../validation/shard.js';

export function parseInteger(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

export function parseCount(text: string): number {
  const n = parseInteger(text);
  if (n < 1) throw new InvalidArgumentError('It must be 1 or more.');
  return n;
}

export function parseMilliseconds(text: string): number {
  const n = parseInteger(text);
  if (n > 600_000) throw new InvalidArgumentError('It must be 600000 (ten minutes) or less.');
  return n;
}

export function parseSeconds(text: string): number {
  if (!/^\d{1,7}(\.\d+)?$/.test(text)) throw new InvalidArgumentError('It must be a number of seconds.');
  return Number(text);
}

export function parsePort(text: string): number {
  const n = parseInteger(text);
  if (n > 65_535) throw new InvalidArgumentError('It must be a port, 0 to 65535.');
  return n;
}

export function parseRate(text: string): number {
  const n = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || n < 0.01 || n > 1000) {
    throw new InvalidArgumentError('It must be a number of requests per second, 0.01 to 1000.');
  }
  return n;
}

/** A number of rows or memberships, or a percentage of them. */
export type Limit = { readonly n: number; readonly percent: boolean };

export function parseLimit(text: string): Limit {
  const match = /^(\d{1,9}(?:\.\d+)?)(%?)$/.exec(text);
  const n = Number(match?.[1]);
  const percent = match?.[2] === '%';
  if (!match || n <= 0 || (percent ? n > 100 : !Number.isInteger(n))) {
    throw new InvalidArgumentError('It must be a number, such as 10, or a percentage, such as 5%.');
  }
  return { n, percent };
}

export function parseShardOption(text: string): string {
  const shard = parseShard(text);
  if (!shard) throw new InvalidArgumentError('It must be K/N with K from 1 to N, such as 2/4.');
  return `${shard.k}/${shard.n}`;
}

export function parseDelimiter(text: string): string {
  const delimiter = text === 'tab' || text === '\\t' ? '\t' : text;
  if ([...delimiter].length !== 1 || /["\r\n]/.test(delimiter)) {
    throw new InvalidArgumentError('It must be one character, or the word tab.');
  }
  return delimiter;
}

export function parseChecksum(text: string): string {
  if (!/^[\da-f]{8,64}$/i.test(text)) {
    throw new InvalidArgumentError('It must be the checksum that plan printed.');
  }
  return text.toLowerCase();
}

/** For an option that may be repeated. */
export function appendValue(text: string, before: unknown): readonly string[] {
  return [...(Array.isArray(before) ? before : []), text];
}

/** For `--map`, which may be repeated; an empty field means that the column is ignored. */
export function appendMapping(text: string, before: unknown): Readonly<Record<string, string>> {
  const at = text.lastIndexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be COLUMN=FIELD, or COLUMN= to ignore the column.');
  return { ...(before as Record<string, string> | undefined), [text.slice(0, at)]: text.slice(at + 1) };
}
