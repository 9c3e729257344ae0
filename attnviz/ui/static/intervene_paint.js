// a mask to paint on by mouse, finger or keyboard; the cells of one stroke are sent when it ends
let cursor = 0;
let again = false;
let stroke = null;
let last = null;
const box = () => element.querySelector('.av-box[data-rows]');
const size = () => Number(document.querySelector('#iv-size input:checked')?.value || 1);
const value = () => Number(document.querySelector('#iv-value input[type=number]')?.value || 0);
const shape = () => [Number(box().dataset.rows), Number(box().dataset.columns)];
function dress() {
  const area = box();
  if (!area) return;
  const [rows, columns] = shape();
  area.tabIndex = 0;
  area.setAttribute('role', 'application');
  area.setAttribute('aria-label', element.querySelector('.av-paint').dataset.label);
  const canvas = document.createElement('canvas');
  canvas.width = columns;
  canvas.height = rows;
  const mark = document.createElement('div');
  mark.className = 'av-brush';
  mark.hidden = true;
  area.append(canvas, mark);
  cursor = Math.min(cursor, rows * columns - 1);
  if (again) area.focus({ preventScroll: true });
  again = false;
}
function footprint(row, column) {
  const [rows, columns] = shape();
  const reach = Math.floor(size() / 2);
  const cells = [];
  for (let y = Math.max(row - reach, 0); y <= Math.min(row + reach, rows - 1); y += 1) {
    for (let x = Math.max(column - reach, 0); x <= Math.min(column + reach, columns - 1); x += 1) cells.push(y * columns + x);
  }
  return cells;
}
function point(row, column) {
  const [rows, columns] = shape();
  const reach = Math.floor(size() / 2);
  const mark = element.querySelector('.av-brush');
  const [top, left] = [Math.max(row - reach, 0), Math.max(column - reach, 0)];
  mark.hidden = false;
  mark.style.top = `${(100 * top) / rows}%`;
  mark.style.left = `${(100 * left) / columns}%`;
  mark.style.height = `${(100 * (Math.min(row + reach, rows - 1) - top + 1)) / rows}%`;
  mark.style.width = `${(100 * (Math.min(column + reach, columns - 1) - left + 1)) / columns}%`;
}
function dab(row, column) {
  const ink = element.querySelector('.av-box canvas').getContext('2d');
  const [, columns] = shape();
  const grey = Math.round(255 * value());
  ink.fillStyle = `rgb(${grey}, ${grey}, ${grey})`;
  footprint(row, column).forEach((cell) => {
    stroke.add(cell);
    ink.fillRect(cell % columns, Math.floor(cell / columns), 1, 1);
  });
}
function place(event) {
  const area = box().getBoundingClientRect();
  const [rows, columns] = shape();
  const at = (position, length, count) => Math.min(Math.max(Math.floor((position / length) * count), 0), count - 1);
  return [at(event.clientY - area.top, area.height, rows), at(event.clientX - area.left, area.width, columns)];
}
function send(keep) {
  again = keep;
  const cells = [...stroke].sort((a, b) => a - b);
  stroke = null;
  last = null;
  if (cells.length) trigger('select', { cells });
}
element.addEventListener('pointerdown', (event) => {
  if (event.button || !event.target.closest('.av-box[data-rows]')) return;
  event.preventDefault();
  stroke = new Set();
  last = place(event);
  dab(...last);
});
window.addEventListener('pointermove', (event) => {
  const over = box() && event.target.closest?.('.av-box') === box();
  if (over) point(...place(event));
  else if (!stroke && box() && document.activeElement !== box()) element.querySelector('.av-brush').hidden = true;
  if (!stroke) return;
  const next = place(event);
  const steps = Math.max(Math.abs(next[0] - last[0]), Math.abs(next[1] - last[1]), 1);
  for (let i = 1; i <= steps; i += 1) {
    dab(Math.round(last[0] + ((next[0] - last[0]) * i) / steps), Math.round(last[1] + ((next[1] - last[1]) * i) / steps));
  }
  last = next;
});
window.addEventListener('pointerup', () => { if (stroke) send(false); });
window.addEventListener('pointercancel', () => { if (stroke) send(false); });
element.addEventListener('keydown', (event) => {
  if (!event.target.closest('.av-box[data-rows]')) return;
  const [rows, columns] = shape();
  let [row, column] = [Math.floor(cursor / columns), cursor % columns];
  const moves = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
  if (event.key in moves) {
    row = Math.min(Math.max(row + moves[event.key][0], 0), rows - 1);
    column = Math.min(Math.max(column + moves[event.key][1], 0), columns - 1);
    cursor = row * columns + column;
    point(row, column);
    const cells = (box().dataset.cells || '').split(' ');
    element.querySelector('.av-readout').textContent = `(${row}, ${column}): ${cells[cursor] || ''}`;
  } else if (event.key === ' ' || event.key === 'Enter') {
    stroke = new Set();
    dab(row, column);
    send(true);
  } else return;
  event.preventDefault();
});
watch('value', dress);
dress();
