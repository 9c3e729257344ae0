// pictures of pairwise gates: a click or the arrow keys ask another place
let again = -1;
const asked = () => [...element.querySelectorAll('.av-ask')];
function ask(area, row, column, keep) {
  const rows = Number(area.dataset.rows);
  const columns = Number(area.dataset.columns);
  const inside = (value, count) => Math.min(Math.max(value, 0), count - 1);
  again = keep ? asked().indexOf(area) : -1;
  trigger('select', {
    down: (inside(row, rows) + 0.5) / rows,
    across: (inside(column, columns) + 0.5) / columns,
  });
}
element.addEventListener('click', (event) => {
  const area = event.target.closest('.av-ask');
  if (!area) return;
  const box = area.querySelector('.av-box').getBoundingClientRect();
  const share = (position, size, count) => Math.floor((position / size) * Number(count));
  ask(
    area,
    share(event.clientY - box.top, box.height, area.dataset.rows),
    share(event.clientX - box.left, box.width, area.dataset.columns),
    document.activeElement === area,
  );
});
element.addEventListener('keydown', (event) => {
  const area = event.target.closest('.av-ask');
  const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
  if (!area || !move) return;
  ask(area, Number(area.dataset.row) + move[0], Number(area.dataset.column) + move[1], true);
  event.preventDefault();
});
watch('value', () => {
  if (again >= 0) asked()[again]?.focus({ preventScroll: true });
  again = -1;
});
