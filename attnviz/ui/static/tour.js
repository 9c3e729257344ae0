// the tour: one scene at a time, each an address of its own
const root = document.documentElement;
const scenes = () => [...element.querySelectorAll('[data-scene]')];
let now = 0;
function show(number) {
  now = number;
  scenes().forEach((scene) => { scene.hidden = Number(scene.dataset.scene) !== now; });
  root.classList.toggle('av-touring', now > 0);
}
function stop() {
  show(0);
  const query = new URLSearchParams(location.search);
  query.delete('tour');
  history.pushState(null, '', `?${query}`);
  document.querySelector('[data-tour]')?.focus();
}
function go(number, push = true) {
  const scene = scenes().find((each) => Number(each.dataset.scene) === number);
  if (!scene) return;
  show(number);
  if (push) history.pushState(null, '', scene.dataset.href);
  document.dispatchEvent(new CustomEvent('attnviz-go', { detail: scene.dataset.href }));
  scene.querySelector('h2').focus({ preventScroll: true });
}
document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[data-tour], [data-tour-end]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if ('tourEnd' in link.dataset) stop();
  else go(Number(link.dataset.tour));
});
document.addEventListener('keydown', (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -1, PageDown: 1 }[event.key];
  const busy = event.target.closest?.('input, textarea, select, [role=slider], [role=application], [role=tab], canvas, .av-ask');
  if (!step || busy || event.altKey || event.ctrlKey || event.metaKey || !root.classList.contains('av-present')) return;
  event.preventDefault();
  go(Math.min(Math.max(now + step, 1), scenes().length));
});
const wanted = () => Number(new URLSearchParams(location.search).get('tour')) || 0;
window.addEventListener('popstate', () => show(scenes().some((e) => Number(e.dataset.scene) === wanted()) ? wanted() : 0));
watch('value', () => show(now));
// an address with a scene and nothing else opens that scene; one with more says itself what is to be seen
if (wanted()) {
  if (new URLSearchParams(location.search).has('tab')) show(wanted());
  else go(wanted(), false);
}
