// the header: the way past it, presentation, and another language without a reload
const root = document.documentElement;
// the server reads the cookie; in a frame of another site a browser keeps it only when it is partitioned
const framed = location.protocol === 'https:' ? '; SameSite=None; Secure; Partitioned' : '; SameSite=Lax';
// gradio translates its labels anew when its own module is told so; nothing else gives access to that
const core = () => [
  ...performance.getEntriesByType('resource').map((entry) => entry.name),
  ...[...document.querySelectorAll('link[rel=modulepreload], script[src]')].map((e) => e.href || e.src),
].find((name) => /\/assets\/core-[^/]*\.js$/.test(name));
async function speak(language) {
  document.cookie = `attnviz_language=${language}; Path=/; Max-Age=31536000${framed}`;
  root.lang = language === 'zh' ? 'zh-CN' : 'en';
  try {
    await (await import(core())).changeLocale(root.lang);
    trigger('language', { language });
  } catch {
    location.reload();
  }
}
function present(on) {
  root.classList.toggle('av-present', on);
  element.querySelector('[data-present]')?.setAttribute('aria-pressed', String(on));
  const query = new URLSearchParams(location.search);
  if (query.has('present') === on) return;
  if (on) query.set('present', '1'); else query.delete('present');
  history.replaceState(history.state, '', `?${query}`);
}
function skip() {
  const panel = [...document.querySelectorAll('[role=tabpanel]')].find((e) => e.checkVisibility());
  const goal = panel?.querySelector('.av-main') || panel;
  if (!goal) return;
  goal.tabIndex = -1;
  goal.focus();
  goal.scrollIntoView({ block: 'start' });
}
element.addEventListener('click', (event) => {
  const part = event.target.closest?.('[data-language], [data-present], [data-skip]');
  if (!part) return;
  event.preventDefault();
  if ('skip' in part.dataset) skip();
  else if ('present' in part.dataset) present(!root.classList.contains('av-present'));
  // what the buttons say comes from the server, after the next click perhaps
  else if (part.dataset.language !== root.lang.slice(0, 2)) speak(part.dataset.language);
});
const wanted = () => new URLSearchParams(location.search).has('present');
watch('value', () => present(root.classList.contains('av-present')));
if (wanted()) present(true);
