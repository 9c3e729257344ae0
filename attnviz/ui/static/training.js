// the film of a gate: all snapshots are in the page, so nothing is asked while it plays
const SECONDS = 0.8;
const stage = () => element.querySelector('.tr-stage');
const frames = () => [...element.querySelectorAll('.tr-frame')];
let now = 0;
let timer = 0;
function show(step) {
  const all = frames();
  if (!all.length) return;
  now = Math.min(Math.max(step, 0), all.length - 1);
  all.forEach((frame, i) => { frame.style.visibility = i === now ? 'visible' : 'hidden'; });
  const { title, told, epoch } = all[now].dataset;
  element.querySelector('.tr-title').textContent = title;
  element.querySelector('.tr-told').textContent = told;
  const range = element.querySelector('.tr-step');
  range.value = now;
  range.setAttribute('aria-valuetext', title);
  element.querySelectorAll('#training-film [data-step]').forEach((button, i) => {
    button.setAttribute('aria-pressed', String(i === now));
  });
  element.querySelectorAll('.av-curves').forEach((figure) => {
    const mark = figure.querySelector('.av-mark');
    const [first, last] = [...figure.querySelectorAll('.av-curve-x span')].map((e) => Number(e.textContent));
    mark?.setAttribute('d', `M${(1000 * (Math.max(Number(epoch), first) - first)) / Math.max(last - first, 1)} 0V1000`);
  });
  const link = element.querySelector('a.av-link');
  if (!link) return;
  const query = new URLSearchParams(link.search);
  query.set('step', now);
  link.href = `?${query}`;
}
function play(on) {
  clearTimeout(timer);
  timer = 0;
  const button = element.querySelector('.tr-play');
  button.textContent = on ? button.dataset.stop : button.dataset.play;
  button.setAttribute('aria-pressed', String(on));
  if (on) next();
}
function next() {
  if (!element.isConnected || !stage()) return;
  if (now >= frames().length - 1) {
    play(false);
    return;
  }
  timer = setTimeout(() => { show(now + 1); next(); }, (1000 * SECONDS) / Number(element.querySelector('.tr-speed').value));
}
element.addEventListener('click', (event) => {
  const button = event.target.closest('.tr-play, #training-film [data-step]');
  if (!button) return;
  if (!button.matches('.tr-play')) {
    play(false);
    show(Number(button.dataset.step));
  } else if (timer) play(false);
  else {
    if (now >= frames().length - 1) show(0);
    play(true);
  }
});
element.addEventListener('input', (event) => {
  if (!event.target.matches('.tr-step')) return;
  play(false);
  show(Number(event.target.value));
});
function dress() {
  clearTimeout(timer);
  timer = 0;
  if (stage()) show(Number(stage().dataset.step));
}
watch('value', dress);
dress();
