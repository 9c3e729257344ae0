let current = 0;
let shown = '';
let held = false;
const steps = () => [...element.querySelectorAll('section[data-step]')];
const root = () => element.querySelector('.av-inside');
function show(index, speak) {
  const all = steps();
  if (!all.length) return;
  current = Math.min(Math.max(index, 0), all.length - 1);
  all.forEach((section, i) => { section.hidden = i !== current; });
  element.querySelectorAll('[data-go]').forEach((button) => {
    const here = Number(button.dataset.go) === current;
    if (here) button.setAttribute('aria-current', 'step');
    else button.removeAttribute('aria-current');
    if (here) button.parentElement.scrollLeft = button.offsetLeft - button.parentElement.clientWidth / 2;
  });
  const edge = (move, at) => element.querySelector(`[data-move="${move}"]`).setAttribute('aria-disabled', String(current === at));
  edge(-1, 0);
  edge(1, all.length - 1);
  const told = element.querySelector('.av-inside-spoken');
  const where = told.dataset.text.replace('{0}', current + 1).replace('{1}', all.length);
  if (speak) told.textContent = `${where}: ${all[current].dataset.title}`;
}
function dress() {
  const box = root();
  if (!box) return;
  if (box.dataset.walk !== shown) current = 0;
  shown = box.dataset.walk;
  show(current, false);
  if (held) box.focus({ preventScroll: true });
  held = false;
}
function send(data) {
  held = element.contains(document.activeElement);
  trigger('select', data);
}
const inside = (place, size, count) => Math.min(Math.max(Math.floor((place / size) * count), 0), count - 1);
element.addEventListener('click', (event) => {
  const move = event.target.closest('[data-move]');
  const go = event.target.closest('[data-go]');
  const bar = event.target.closest('[data-follow] rect[data-index]');
  const sheet = event.target.closest('[data-columns]');
  const cells = event.target.closest('[data-rows]');
  const slice = event.target.closest('[data-slice]');
  if (move) show(current + Number(move.dataset.move), true);
  else if (go) show(Number(go.dataset.go), true);
  else if (slice) send({ slice: Number(slice.dataset.slice) });
  else if (bar) send({ [bar.closest('[data-follow]').dataset.follow]: Number(bar.dataset.index) });
  else if (sheet) {
    const area = sheet.getBoundingClientRect();
    const columns = Number(sheet.dataset.columns);
    const lines = Math.ceil(Number(sheet.dataset.count) / columns);
    const index = inside(event.clientY - area.top, area.height, lines) * columns
      + inside(event.clientX - area.left, area.width, columns);
    if (index < Number(sheet.dataset.count)) send({ channel: index });
  } else if (cells) {
    const area = cells.getBoundingClientRect();
    send({
      row: inside(event.clientY - area.top, area.height, Number(cells.dataset.rows)),
      column: inside(event.clientX - area.left, area.width, Number(cells.dataset.wide)),
    });
  }
});
element.addEventListener('keydown', (event) => {
  const moves = { ArrowRight: 1, ArrowLeft: -1, PageDown: 1, PageUp: -1, Home: -Infinity, End: Infinity };
  if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
  show(current + moves[event.key], true);
  event.preventDefault();
});
watch('value', dress);
dress();
