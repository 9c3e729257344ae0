// the address of the page: opened when the page comes, when a link of the tour is followed and when the visitor goes
// back; and kept at what the open tab shows. `events` holds the names of the events, go_<tab>
const tabs = events.map((name) => name.slice(3));
const SHARED = ['tour', 'present'];
let late = 0;
let left = false; // the visitor has opened another tab since: nobody is pulled back
let touched = location.search.length > 1;
['pointerdown', 'keydown'].forEach((name) => window.addEventListener(name, () => { touched = true; }, { once: true }));
document.addEventListener('click', (event) => { left ||= event.isTrusted && Boolean(event.target.closest?.('[role=tab]')); }, true);
function press(tab, tries = 100) {
  if (left) return;
  const button = document.getElementById(`tab-${tab}-button`);
  if (button) button.click();
  else if (tries) setTimeout(press, 50, tab, tries - 1);
}
function open(search) {
  const tab = new URLSearchParams(search).get('tab') || tabs[0];
  if (!tabs.includes(tab)) return;
  clearTimeout(late);
  left = false;
  trigger(`go_${tab}`, { query: search });
  late = setTimeout(() => { late = 0; press(tab); }, 8000); // also where the address could not be opened
}
// a tab is shown once it has what the address asks for: opened earlier, it would take up what other tabs show
watch('value', () => {
  clearTimeout(late);
  late = 0;
  press(String(props.value).split(' ')[0]);
});
function follow() {
  if (late) return; // what the address asks for is on its way: it must not be overwritten by what is still shown
  const panel = [...document.querySelectorAll('[role=tabpanel]')].find((e) => e.checkVisibility());
  const link = panel?.querySelector('a.av-link');
  if (!panel || !touched) return;
  const query = new URLSearchParams(link ? link.search : { tab: panel.id.replace('tab-', '') }); // some have no more to say
  new URLSearchParams(location.search).forEach((value, key) => {
    if (key.startsWith('__') || SHARED.includes(key)) query.set(key, value);
  });
  query.set('lang', document.documentElement.lang.slice(0, 2));
  if (`?${query}` !== location.search) history.replaceState(history.state, '', `?${query}`);
}
let waiting = 0;
new MutationObserver(() => {
  if (waiting) return;
  waiting = setTimeout(() => { waiting = 0; follow(); }, 200);
}).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ['href', 'aria-selected', 'style'] });
document.addEventListener('attnviz-go', (event) => open(event.detail));
document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a.av-go');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, '', link.search);
  open(link.search);
});
window.addEventListener('popstate', () => open(location.search));
const asks = (key) => !key.startsWith('__') && key !== 'lang' && !SHARED.includes(key);
if ([...new URLSearchParams(location.search).keys()].some(asks)) open(location.search);
