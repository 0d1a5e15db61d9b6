/** Text for a page: whatever it contains, it stays text. */
import { escapeInvisible } from '../../text/visible.js';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for an element or a quoted attribute. */
export function escapeHtml(text: string | number): string {
  return String(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** JSON for a script element: without `<` it can neither end the element nor begin a comment. */
export function formatScriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

/** Text of at most that many UTF-16 units, its invisible characters made visible. */
export function formatText(text: string, lengthMax: number): string {
  const whole = text.length <= lengthMax;
  // Not in the middle of a surrogate pair.
  const cut = whole ? text : `${text.slice(0, lengthMax - 1).replace(/[\ud800-\udbff]$/, '')}…`;
  return escapeInvisible(cut);
}

/** The last part of a path with slashes or backslashes. */
export function fileName(path: string): string {
  return path.split(/[/\\]/).findLast((part) => part !== '') ?? path;
}

/** A link to a file in the page's folder: never another scheme, never another folder. */
export function formatSiblingLink(file: string): string {
  const name = fileName(file);
  return `<a href="./${escapeHtml(encodeURIComponent(name))}">${escapeHtml(name)}</a>`;
}
