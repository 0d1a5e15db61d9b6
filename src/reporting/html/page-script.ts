/** The page's script: search, filter, sort and turn pages. It writes text, never markup. */

/** Rows on one page of the table: as many as are quick to draw and read. */
export const PAGE_ROWS = 100;

/**
 * Plain JavaScript for any browser of the last years; it runs inside the page and nowhere else. The columns of
 * a row are those of `Shown`, the cells those of the static table. Its text is hashed for the page's policy.
 */
export const SCRIPT: string = String.raw`
(() => {
'use strict';
const PAGE = ${PAGE_ROWS};
const [LINE, NAME, STATUS, DETAIL, HTTP, CODE, ATTEMPTS, GROUP, TRACKING, GOOD] = Array(10).keys();
const byId = (id) => document.getElementById(id);
const rows = JSON.parse(byId('data').textContent);
const box = byId('rows');
if (!box) return;
const body = box.querySelector('tbody');
const search = byId('search');
const page = byId('page');
const number = new Intl.NumberFormat('en');
const { compare } = new Intl.Collator('en', { numeric: true });
const state = { view: rows, page: 0, column: 0, down: false };

const element = (tag, kind, text) => {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  if (text !== undefined) made.textContent = text;
  return made;
};
const inside = (outer, inner) => { outer.append(inner); return outer; };
const answer = (row) => [row[HTTP], row[CODE]].filter((part) => part !== '').join(' · ');
const CELLS = [
  (row) => element('td', 'number', row[LINE]),
  (row) => inside(element('td', 'name'), element('bdi', '', row[NAME])),
  (row) => inside(element('td', 'status'), element('span', 'pill s-' + row[STATUS], row[STATUS])),
  (row) => inside(element('td', 'detail'), element('bdi', '', row[DETAIL])),
  (row) => element('td', 'answer', answer(row)),
  (row) => element('td', 'number', row[ATTEMPTS]),
  (row) => element('td', 'id', row[GROUP]),
  (row) => element('td', 'id', row[TRACKING]),
];
const ORDERS = [
  (a, b) => a[LINE] - b[LINE],
  (a, b) => compare(a[NAME], b[NAME]),
  (a, b) => compare(a[STATUS], b[STATUS]),
  (a, b) => compare(a[DETAIL], b[DETAIL]),
  (a, b) => a[HTTP] - b[HTTP] || a[CODE] - b[CODE],
  (a, b) => a[ATTEMPTS] - b[ATTEMPTS],
  (a, b) => compare(a[GROUP], b[GROUP]),
  (a, b) => compare(a[TRACKING], b[TRACKING]),
];

const folded = (text) => text.normalize('NFC').toLowerCase();
let texts;
const textOf = (row) => folded([row[LINE], row[NAME], row[STATUS], row[DETAIL], answer(row), row[GROUP], row[TRACKING]].join('\n'));
const chosen = () => document.querySelector('input[name=show]:checked').value;

function choose() {
  const show = chosen();
  const wanted = folded(search.value.trim());
  if (wanted && !texts) texts = rows.map(textOf);
  state.view = rows.filter((row, i) =>
    (show === 'all' || (show === 'missing' ? !row[GOOD] : row[STATUS] === show)) &&
    (!wanted || texts[i].includes(wanted)));
  order();
}

function order() {
  const by = ORDERS[state.column];
  if (state.column !== 0 || state.down) state.view = state.view.slice().sort(state.down ? (a, b) => by(b, a) : by);
  turnTo(0);
}

function turnTo(wanted) {
  const pages = Math.max(1, Math.ceil(state.view.length / PAGE));
  state.page = Math.min(pages - 1, Math.max(0, wanted));
  const from = state.page * PAGE;
  const drawn = document.createDocumentFragment();
  for (const row of state.view.slice(from, from + PAGE)) {
    const line = element('tr');
    for (const cell of CELLS) line.append(cell(row));
    drawn.append(line);
  }
  if (state.view.length === 0) {
    const none = element('td', 'none', 'No row matches.');
    none.colSpan = CELLS.length;
    drawn.append(inside(element('tr'), none));
  }
  body.replaceChildren(drawn);
  box.scrollTop = 0;
  tell(from, pages);
}

function tell(from, pages) {
  const shown = state.view.length;
  const to = Math.min(from + PAGE, shown);
  const range = shown > PAGE ? 'Rows ' + number.format(from + 1) + ' to ' + number.format(to) + ' of ' : '';
  byId('told').textContent = range + number.format(shown) + (shown === 1 ? ' row' : ' rows') +
    (shown < rows.length ? ', of ' + number.format(rows.length) + ' in all' : '');
  page.max = pages;
  page.value = state.page + 1;
  byId('pages').textContent = 'of ' + number.format(pages);
  byId('pager').hidden = pages === 1;
  for (const [id, end] of [['first', 0], ['previous', 0], ['next', pages - 1], ['last', pages - 1]]) {
    byId(id).setAttribute('aria-disabled', String(state.page === end));
  }
}

const heads = [...box.querySelectorAll('th')];
function mark() {
  heads.forEach((head, i) => {
    if (i === state.column) head.setAttribute('aria-sort', state.down ? 'descending' : 'ascending');
    else head.removeAttribute('aria-sort');
  });
}
heads.forEach((head, i) => {
  const button = element('button', '', head.textContent);
  button.type = 'button';
  button.addEventListener('click', () => {
    state.down = state.column === i && !state.down;
    state.column = i;
    mark();
    choose();
  });
  head.replaceChildren(button);
});

search.addEventListener('input', choose);
search.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || search.value === '') return;
  search.value = '';
  choose();
});
for (const radio of document.querySelectorAll('input[name=show]')) radio.addEventListener('change', choose);
byId('first').addEventListener('click', () => turnTo(0));
byId('previous').addEventListener('click', () => turnTo(state.page - 1));
byId('next').addEventListener('click', () => turnTo(state.page + 1));
byId('last').addEventListener('click', () => turnTo(Infinity));
page.addEventListener('change', () => turnTo(Math.trunc(Number(page.value) || 1) - 1));
const more = byId('more');
if (more) more.hidden = false;
if (more) more.addEventListener('click', () => {
  (byId('show-missing') || byId('show-all')).checked = true;
  search.value = '';
  choose();
});
mark();
choose();
for (const tool of document.querySelectorAll('.tools')) tool.hidden = false;
document.documentElement.classList.add('live');
})();
`;
