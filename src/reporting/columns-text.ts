/** Which column of the file is used as which field, in one line: a misread header is seen before it matters. */
import { escapeInvisible, truncate } from '../text/visible.js';
import type { Columns } from '../validation/header.js';

/** A wide export has hundreds of further columns. */
const UNUSED_SHOWN_MAX = 12;

const HEADER_COLUMNS_MAX = 40;

/** `Columns: Group Name → name, type; not used: Visibility, members`. */
export function formatColumns({ fields, unused }: Columns): string {
  const used = [...fields].sort(([, a], [, b]) => a.index - b.index);
  const mapped = used.map(([field, { header }]) =>
    header === field ? field : `${shorten(header)} → ${field}`,
  );
  const line = `Columns: ${mapped.join(', ')}`;
  if (unused.length === 0) return line;
  const shown = unused.slice(0, UNUSED_SHOWN_MAX).map(shorten);
  const more = unused.length - shown.length;
  return `${line}; not used: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function shorten(header: string): string {
  return truncate(escapeInvisible(header.trim()), HEADER_COLUMNS_MAX);
}
