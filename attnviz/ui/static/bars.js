let cursor = -1;
let again = false;
const box = () => element.querySelector('.attnviz-bars');
const hits = () => [...element.querySelectorAll('rect[data-index]')];
const place = (index) => hits().findIndex((r) => Number(r.dataset.index) === index);
function show(position) {
  const all = hits();
  if (!all.length) return;
  cursor = Math.min(Math.max(position, 0), all.length - 1);
  all.forEach((r, i) => r.classList.toggle('av-cursor', i === cursor));
  const bars = box();
  bars.setAttribute('aria-valuenow', all[cursor].dataset.index);
  bars.setAttribute('aria-valuetext', all[cursor].textContent);
}
function dress() {
  const bars = box();
  if (!bars) return;
  const wrap = element.querySelector('.av-scores');
  bars.setAttribute('role', 'slider');
  bars.setAttribute('aria-label', wrap.dataset.label);
  bars.setAttribute('aria-valuemin', '0');
  bars.setAttribute('aria-valuemax', String(hits().length - 1));
  cursor = place(Number(wrap.dataset.chosen));
  const chosen = hits()[Math.max(cursor, 0)];
  if (chosen) {
    bars.setAttribute('aria-valuenow', chosen.dataset.index);
    bars.setAttribute('aria-valuetext', chosen.textContent);
  }
  if (again) bars.focus({ preventScroll: true });
  again = false;
}
function choose(rect, keep) {
  again = keep;
  trigger('select', { index: Number(rect.dataset.index) });
}
element.addEventListener('click', (event) => {
  const rect = event.target.closest('rect[data-index]');
  if (rect) choose(rect, element.contains(document.activeElement));
});
element.addEventListener('keydown', (event) => {
  if (!event.target.closest('.attnviz-bars')) return;
  const page = Math.max(Math.round(hits().length / 10), 2);
  const moves = {
    ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1,
    PageUp: page, PageDown: -page, Home: -Infinity, End: Infinity,
  };
  if (event.key in moves) show(cursor + moves[event.key]);
  else if ((event.key === 'Enter' || event.key === ' ') && hits()[cursor]) choose(hits()[cursor], true);
  else return;
  event.preventDefault();
});
watch('value', dress);
dress();
