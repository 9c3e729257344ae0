() => {
  const mark = (gate) => document.querySelectorAll('.av-strip [data-pick], .av-map [data-pick]').forEach((button) => {
    button.setAttribute('aria-pressed', String(button.dataset.pick === gate));
  });
  window.attnvizMark = mark;
  window.attnvizOpacity = (value) => document.documentElement.style.setProperty('--av-opacity', value);
  document.addEventListener('pointermove', (event) => {
    const box = event.target.closest?.('.av-box[data-cells]');
    if (!box) return;
    const area = box.getBoundingClientRect();
    const at = (position, size, count) => Math.min(Math.max(Math.floor((position / size) * count), 0), count - 1);
    const rows = Number(box.dataset.rows);
    const columns = Number(box.dataset.columns);
    const row = at(event.clientY - area.top, area.height, rows);
    const column = at(event.clientX - area.left, area.width, columns);
    const value = box.dataset.cells.split(' ')[row * columns + column];
    const out = box.closest('figure').querySelector('.av-readout');
    out.textContent = `(${row}, ${column}): ${value}`;
  });
  // a block of code is copied whole
  document.addEventListener('click', async (event) => {
    const button = event.target.closest?.('[data-copy]');
    if (!button) return;
    await navigator.clipboard.writeText(button.parentElement.querySelector('code').textContent);
    const word = button.textContent;
    button.textContent = button.dataset.copy;
    setTimeout(() => { button.textContent = word; }, 1500);
  });
  // what gradio names in English only; the header holds the words of the page's language
  let told = '';
  let words = [];
  const rename = () => {
    const sent = document.querySelector('.av-head')?.dataset.words || '{}';
    const before = words;
    if (sent !== told) words = Object.entries(JSON.parse(sent));
    const back = sent === told ? [] : before.map(([english, word]) => [word, english]);
    told = sent;
    document.querySelectorAll('#tabs [aria-label], #tabs button[title]').forEach((e) => {
      for (const [from, to] of [...back, ...words]) {
        for (const name of ['aria-label', 'title']) {
          const text = e.getAttribute(name);
          if (text !== null && from !== to && text.startsWith(from)) e.setAttribute(name, to + text.slice(from.length));
        }
      }
    });
  };
  // what gradio leaves without a name: its own pictures, and groups of radio buttons
  const mend = () => {
    document.querySelectorAll('[id$=photo]').forEach((photo) => {
      const name = photo.querySelector('[data-testid=block-label]')?.innerText.trim();
      if (name) photo.querySelectorAll('img').forEach((img) => { if (img.alt !== name) img.alt = name; });
    });
    document.querySelectorAll('fieldset').forEach((group) => {
      const name = group.querySelector('[data-testid=block-info]')?.innerText.trim();
      if (name && group.getAttribute('aria-label') !== name) group.setAttribute('aria-label', name);
    });
    rename();
    const title = document.querySelector('.av-head h1')?.innerText;
    if (title && document.title !== title) document.title = title;
  };
  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; mend(); });
  };
  mend();
  new MutationObserver(soon).observe(document.body, { childList: true, subtree: true });
}
