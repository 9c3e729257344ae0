// a slider between two pictures: the control below it, or dragging over the pictures
const cut = (figure, value) => {
  figure.querySelector('.av-slide').style.setProperty('--av-cut', `${value}%`);
  figure.querySelector('.av-cut').value = value;
};
element.addEventListener('input', (event) => {
  if (event.target.matches('.av-cut')) cut(event.target.closest('figure'), event.target.value);
});
const drag = (event) => {
  const slide = event.target.closest('.av-slide');
  if (!slide || event.buttons !== 1) return;
  const area = slide.getBoundingClientRect();
  cut(slide.closest('figure'), Math.min(Math.max((100 * (event.clientX - area.left)) / area.width, 0), 100));
};
element.addEventListener('pointerdown', drag);
element.addEventListener('pointermove', drag);
