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
  // gradio leaves the alternative text of its own picture empty
  const photo = document.querySelector('#photo');
  const name = () => photo.querySelectorAll('img').forEach((img) => { img.alt = photo.innerText.trim().split('\n')[0]; });
  if (photo) {
    name();
    new MutationObserver(name).observe(photo, { childList: true, subtree: true });
  }
}
