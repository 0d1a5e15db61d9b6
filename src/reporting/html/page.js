/**
 * The page's script: searches, filters, sorts and pages the table of all rows. It writes text, never markup, and draws
 * the same cells as rows-table.ts. The policy of the page allows this text and no other script.
 */

/** @typedef {ReadonlyArray<string | number>} Row as in rows-table.ts */

/** Places in a row that more than one column or a filter reads. */
const STATUS = 2;
const HTTP_STATUS = 4;
const CODE = 5;
const PROVISIONED = 8;

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
function elementById(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} className
 * @param {string} [text]
 * @returns {HTMLElementTagNameMap[K]}
 */
function createElement(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/** @param {Row} row @param {number} index */
const textAt = (row, index) => String(row[index] ?? '');

/** @param {Row} row */
const formatResponse = (row) =>
  [textAt(row, HTTP_STATUS), textAt(row, CODE)].filter((part) => part !== '').join(' · ');

/** @param {HTMLElement} box the table of all rows */
function manageTable(box) {
  /** @type {readonly Row[]} */
  const rows = JSON.parse(elementById('data', HTMLScriptElement).textContent ?? '[]');
  const pageRows = Number(box.dataset.pageRows);
  const body = box.querySelector('tbody');
  const heads = [...box.querySelectorAll('th')];
  const search = elementById('search', HTMLInputElement);
  const pageInput = elementById('page', HTMLInputElement);
  const number = new Intl.NumberFormat('en');
  const { compare } = new Intl.Collator('en', { numeric: true });
  const columns = heads.map((head) => ({
    kind: head.className,
    title: head.textContent ?? '',
    index: Number(head.dataset.index),
  }));
  /** @typedef {(typeof columns)[number]} Column */

  let view = rows;
  let page = 0;
  let sortColumn = 0;
  let descending = false;
  /** @type {string[] | undefined} */
  let searchTexts;

  /** @param {Row} row @param {Column} column */
  function createCell(row, { kind, title, index }) {
    const cell = createElement('td', kind);
    cell.dataset.title = title;
    const text = textAt(row, index);
    if (kind === 'status') cell.append(createElement('span', `pill s-${text}`, text));
    else if (kind === 'response') cell.textContent = formatResponse(row);
    else if (kind === 'name' || kind === 'detail') cell.append(createElement('bdi', '', text));
    else cell.textContent = text;
    return cell;
  }

  /** @param {Row} a @param {Row} b @param {Column} column */
  function compareRows(a, b, { kind, index }) {
    if (kind === 'number') return Number(a[index]) - Number(b[index]);
    if (kind === 'response')
      return Number(a[HTTP_STATUS]) - Number(b[HTTP_STATUS]) || Number(a[CODE]) - Number(b[CODE]);
    return compare(textAt(a, index), textAt(b, index));
  }

  /** @param {string} text */
  const normalize = (text) => text.normalize('NFC').toLowerCase();

  /** @param {Row} row */
  const searchTextOf = (row) =>
    normalize([...columns.map(({ index }) => textAt(row, index)), formatResponse(row)].join('\n'));

  function filterRows() {
    const chosen = document.querySelector('input[name=show]:checked');
    const show = chosen instanceof HTMLInputElement ? chosen.value : 'all';
    const wanted = normalize(search.value.trim());
    if (wanted && !searchTexts) searchTexts = rows.map(searchTextOf);
    view = rows.filter(
      (row, i) =>
        (show === 'all' || (show === 'missing' ? !row[PROVISIONED] : row[STATUS] === show)) &&
        (!wanted || searchTexts?.[i]?.includes(wanted)),
    );
    const column = columns[sortColumn];
    if (column && (sortColumn !== 0 || descending)) {
      view = [...view].sort((a, b) => (descending ? compareRows(b, a, column) : compareRows(a, b, column)));
    }
    showPage(0);
  }

  /** @param {number} wanted from 0; limited to the pages that exist */
  function showPage(wanted) {
    const pages = Math.max(1, Math.ceil(view.length / pageRows));
    page = Math.min(pages - 1, Math.max(0, wanted));
    const from = page * pageRows;
    const drawn = document.createDocumentFragment();
    for (const row of view.slice(from, from + pageRows)) {
      const line = document.createElement('tr');
      for (const column of columns) line.append(createCell(row, column));
      drawn.append(line);
    }
    if (view.length === 0) {
      const none = createElement('td', 'none', 'No row matches.');
      none.colSpan = columns.length;
      const line = document.createElement('tr');
      line.append(none);
      drawn.append(line);
    }
    body?.replaceChildren(drawn);
    box.scrollTop = 0;
    updateLabels(from, pages);
  }

  /** @param {number} from @param {number} pages */
  function updateLabels(from, pages) {
    const matching = view.length;
    const to = Math.min(from + pageRows, matching);
    const range = matching > pageRows ? `Rows ${number.format(from + 1)} to ${number.format(to)} of ` : '';
    const total = matching < rows.length ? ` (${number.format(rows.length)} in total)` : '';
    elementById('row-count', HTMLElement).textContent =
      `${range}${number.format(matching)} ${matching === 1 ? 'row' : 'rows'}${total}`;
    pageInput.max = String(pages);
    pageInput.value = String(page + 1);
    elementById('pages', HTMLElement).textContent = `of ${number.format(pages)}`;
    elementById('pager', HTMLElement).hidden = pages === 1;
    for (const { id, target } of pageButtons) {
      const isHere = page === Math.min(pages - 1, Math.max(0, target()));
      elementById(id, HTMLElement).setAttribute('aria-disabled', String(isHere));
    }
  }

  const pageButtons = [
    { id: 'first', target: () => 0 },
    { id: 'previous', target: () => page - 1 },
    { id: 'next', target: () => page + 1 },
    { id: 'last', target: () => Number.POSITIVE_INFINITY },
  ];

  function markSortedColumn() {
    heads.forEach((head, i) => {
      if (i === sortColumn) head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    });
  }

  heads.forEach((head, i) => {
    const button = createElement('button', '', head.textContent ?? '');
    button.type = 'button';
    button.addEventListener('click', () => {
      descending = sortColumn === i && !descending;
      sortColumn = i;
      markSortedColumn();
      filterRows();
    });
    head.replaceChildren(button);
  });
  search.addEventListener('input', filterRows);
  search.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || search.value === '') return;
    search.value = '';
    filterRows();
  });
  for (const radio of document.querySelectorAll('input[name=show]'))
    radio.addEventListener('change', filterRows);
  for (const { id, target } of pageButtons) {
    elementById(id, HTMLElement).addEventListener('click', () => showPage(target()));
  }
  pageInput.addEventListener('change', () => showPage(Math.trunc(Number(pageInput.value) || 1) - 1));
  const searchMissing = document.getElementById('search-missing');
  if (searchMissing) {
    searchMissing.hidden = false;
    searchMissing.addEventListener('click', () => {
      const radio = document.getElementById('show-missing') ?? document.getElementById('show-all');
      if (radio instanceof HTMLInputElement) radio.checked = true;
      search.value = '';
      filterRows();
    });
  }
  markSortedColumn();
  filterRows();
}

const box = document.getElementById('rows');
if (box) manageTable(box);
for (const tool of document.querySelectorAll('.tools')) if (tool instanceof HTMLElement) tool.hidden = false;
