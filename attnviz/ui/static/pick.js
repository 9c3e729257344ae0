element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-pick]');
  if (button && element.contains(button)) trigger('select', { value: button.dataset.pick });
});
// a strip in one row shows the tile that is chosen
const reveal = () => {
  const strip = element.querySelector('.av-strip');
  const tile = strip?.querySelector('[aria-pressed=true]');
  if (tile && strip.scrollWidth > strip.clientWidth) strip.scrollLeft = tile.offsetLeft - strip.offsetLeft - strip.clientWidth / 2;
};
watch('value', reveal);
requestAnimationFrame(reveal);
