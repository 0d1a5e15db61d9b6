/** How a status looks on the page: a sign and a pattern besides the colour of its tone. */
import { STATUS_NAMES, STATUSES, type Status } from '../../model/statuses.js';
import { escapeHtml } from './escape.js';

/** Whether such rows still need attention; drawn hatched. */
export function isOpen(status: Status): boolean {
  const { tone } = STATUSES[status];
  return tone === 'warning' || tone === 'bad';
}

/** A status in a table cell. The sign comes from the stylesheet, so that a copied cell holds the bare word. */
export function renderStatusBadge(status: Status): string {
  return `<span class="pill s-${status}">${escapeHtml(status)}</span>`;
}

/** The part of the stylesheet that follows from the statuses; page.css has the colours of the tones. */
export function renderStatusStylesheet(): string {
  return STATUS_NAMES.map((status) => {
    const { tone, sign } = STATUSES[status];
    return `.s-${status}{--tone:var(--${tone})}.pill.s-${status}::before{content:"${sign}"}`;
  }).join('\n');
}
