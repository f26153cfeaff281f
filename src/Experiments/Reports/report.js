
'use strict';
// Tables of class "sorted" are sorted by a click on a head, and filtered by the words in the field above them. Rows that a page has as
// data (the element "rows") are made into such a table, some hundred at a time.
const most = 300;

function valueOf(cell) {
  const text = cell ? cell.dataset.value ?? cell.textContent.trim() : '';
  return text !== '' && !Number.isNaN(Number(text)) ? Number(text) : text;
}

function compare(a, b) {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
}

function sortable(table, rowsOf, show) {
  let by = -1, turn = 1;
  table.tHead.rows[0].querySelectorAll('th').forEach((head, column) => {
    head.tabIndex = 0;
    head.setAttribute('role', 'button');
    const sort = () => {
      turn = by === column ? -turn : 1;
      by = column;
      table.tHead.querySelectorAll('th').forEach(one => one.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', turn > 0 ? 'ascending' : 'descending');
      rowsOf().sort((a, b) => turn * compare(a.values[column], b.values[column]));
      show();
    };
    head.addEventListener('click', sort);
    head.addEventListener('keydown', event => { if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); sort(); } });
  });
}

function matches(text, wanted) {
  return wanted.every(word => text.includes(word));
}

function words(field) {
  return field.value.toLowerCase().split(/\s+/).filter(word => word.length > 0);
}

document.querySelectorAll('table.sorted').forEach(table => {
  const rows = [...table.tBodies[0].rows].map(row =>
    ({ row, values: [...row.cells].map(valueOf), text: [...row.cells].map(cell => cell.textContent).join(' ').toLowerCase() }));
  const field = document.querySelector(`input[data-for="${table.id}"]`);
  const show = () => {
    const wanted = field ? words(field) : [];
    rows.forEach(one => { one.row.hidden = !matches(one.text, wanted); table.tBodies[0].append(one.row); });
  };
  sortable(table, () => rows, show);
  if (field) field.addEventListener('input', show);
});

const data = document.getElementById('rows');
if (data) {
  const { heads, rows: lines } = JSON.parse(data.textContent);
  const table = document.getElementById('prompts'), field = document.querySelector('input[data-for="prompts"]');
  const count = document.getElementById('count'), more = document.getElementById('more');
  const head = table.createTHead().insertRow();
  heads.forEach(name => { const cell = document.createElement('th'); cell.textContent = name; head.append(cell); });
  const body = table.createTBody();
  const rows = lines.map(values => ({ values, text: values.join(' ').toLowerCase() }));
  let shown = most;
  const show = () => {
    const found = rows.filter(one => matches(one.text, words(field)));
    body.replaceChildren(...found.slice(0, shown).map(one => {
      const row = document.createElement('tr');
      one.values.forEach(value => {
        const cell = document.createElement('td');
        cell.textContent = value === null ? '' : value;
        if (typeof value === 'number') cell.className = 'n';
        row.append(cell);
      });
      return row;
    }));
    count.textContent = `${found.length} of ${rows.length} prompts` + (found.length > shown ? `, the first ${shown} shown` : '');
    more.hidden = found.length <= shown;
  };
  sortable(table, () => rows, show);
  field.addEventListener('input', () => { shown = most; show(); });
  more.addEventListener('click', () => { shown += 10 * most; show(); });
  show();
}
