// bars to click, to sweep over and to reach by keyboard; what is chosen is sent as channel indices
let anchor = -1;
let cursor = -1;
let again = false;
let sweeping = false;
const box = () => element.querySelector('.attnviz-bars');
const hits = () => [...element.querySelectorAll('rect[data-index]')];
const between = (a, b) => hits().slice(Math.min(a, b), Math.max(a, b) + 1);
function show() {
  const all = hits();
  const low = Math.min(anchor, cursor);
  const high = Math.max(anchor, cursor);
  all.forEach((r, i) => r.classList.toggle('av-cursor', i >= low && i <= high && low >= 0));
  if (!all[cursor]) return;
  const bars = box();
  bars.setAttribute('aria-valuenow', all[cursor].dataset.index);
  const more = high > low ? ` (${high - low + 1})` : '';
  bars.setAttribute('aria-valuetext', all[cursor].textContent + more);
}
function dress() {
  const bars = box();
  if (!bars) return;
  const last = hits().length - 1;
  bars.setAttribute('role', 'slider');
  bars.setAttribute('aria-label', element.querySelector('.av-scores').dataset.label);
  bars.setAttribute('aria-valuemin', '0');
  bars.setAttribute('aria-valuemax', String(last));
  bars.setAttribute('aria-valuenow', '0');
  cursor = Math.min(cursor, last);
  anchor = cursor;
  if (again) {
    show();
    bars.focus({ preventScroll: true });
  }
  again = false;
}
function send(keep) {
  again = keep;
  const channels = between(anchor, cursor).map((r) => Number(r.dataset.index));
  if (channels.length) trigger('select', { channels });
}
function at(event) {
  const area = element.querySelector('svg').getBoundingClientRect();
  const count = hits().length;
  return Math.min(Math.max(Math.floor(((event.clientX - area.left) / area.width) * count), 0), count - 1);
}
element.addEventListener('pointerdown', (event) => {
  if (event.button || !event.target.closest('rect[data-index]')) return;
  sweeping = true;
  anchor = cursor = at(event);
  show();
});
window.addEventListener('pointermove', (event) => {
  if (!sweeping || !box()) return;
  cursor = at(event);
  show();
});
window.addEventListener('pointerup', () => {
  if (!sweeping) return;
  sweeping = false;
  send(false);
  hits().forEach((r) => r.classList.remove('av-cursor'));
});
window.addEventListener('pointercancel', () => {
  sweeping = false;
  hits().forEach((r) => r.classList.remove('av-cursor'));
});
element.addEventListener('keydown', (event) => {
  if (!event.target.closest('.attnviz-bars')) return;
  const last = hits().length - 1;
  const page = Math.max(Math.round(last / 10), 2);
  const moves = {
    ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1,
    PageUp: page, PageDown: -page, Home: -Infinity, End: Infinity,
  };
  if (event.key in moves) {
    cursor = Math.min(Math.max(cursor + moves[event.key], 0), last);
    if (!event.shiftKey || anchor < 0) anchor = cursor;
    show();
  } else if ((event.key === 'Enter' || event.key === ' ') && cursor >= 0) send(true);
  else return;
  event.preventDefault();
});
watch('value', dress);
dress();
