/** How a status looks on the page: a sign and a pattern besides the colour, and what it means in a few words. */

import { STATUSES, type Status } from '../../model/statuses.js';
import { escapeHtml } from './escape.js';

type Look = {
  readonly sign: string;
  readonly means: string;
  /** Colours on a light and on a dark page; text on the first is white, on the second near black. */
  readonly light: string;
  readonly dark: string;
  /** Such rows still want something; drawn hatched. */
  readonly open: boolean;
};

export const STATUS_STYLES: Readonly<Record<Status, Look>> = {
  created: { sign: '✓', means: 'made by this run', light: '#2c7a4b', dark: '#6cc38d', open: false },
  'already-provisioned': {
    sign: '=',
    means: 'the name was there already',
    light: '#33658a',
    dark: '#84b6dc',
    open: false,
  },
  updated: {
    sign: '↻',
    means: 'settings changed by this run',
    light: '#5f57a0',
    dark: '#b1aaec',
    open: false,
  },
  duplicate: {
    sign: '2',
    means: 'an earlier row says the same',
    light: '#667077',
    dark: '#a9b3ba',
    open: false,
  },
  failed: { sign: '✕', means: 'refused, or proven absent', light: '#b3362c', dark: '#f0897f', open: true },
  unknown: {
    sign: '?',
    means: 'nothing can tell whether it was made',
    light: '#96590a',
    dark: '#e3ad5a',
    open: true,
  },
  invalid: {
    sign: '!',
    means: 'a problem in the file, not sent',
    light: '#97377b',
    dark: '#e394cb',
    open: true,
  },
  'not-attempted': {
    sign: '…',
    means: 'the run ended before it',
    light: '#535b61',
    dark: '#c1c8cd',
    open: true,
  },
  deleted: { sign: '✓', means: 'taken back: deleted', light: '#2c7a4b', dark: '#6cc38d', open: false },
  restored: { sign: '↶', means: 'taken back: old settings', light: '#33658a', dark: '#84b6dc', open: false },
  kept: { sign: '•', means: 'left alone: changed or in use', light: '#96590a', dark: '#e3ad5a', open: true },
};

/** A status as a table cell shows it; the sign comes from the style, so that a copied cell is the bare word. */
export function renderStatusBadge(status: Status): string {
  return `<span class="pill s-${status}">${escapeHtml(status)}</span>`;
}

/** The part of the style that the table above decides. */
export function renderStatusStylesheet(): string {
  const colors = (scheme: 'light' | 'dark'): string =>
    STATUSES.map((status) => `--s-${status}:${STATUS_STYLES[status][scheme]};`).join('');
  const classes = STATUSES.map(
    (status) =>
      `.s-${status}{--c:var(--s-${status})}.pill.s-${status}::before{content:"${STATUS_STYLES[status].sign}"}`,
  );
  const print = `@media print{:root{${colors('light')}}}`;
  return [
    `:root{${colors('light')}}`,
    `@media screen and (prefers-color-scheme:dark){:root{${colors('dark')}}}`,
    print,
    ...classes,
  ].join('\n');
}
