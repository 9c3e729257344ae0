// A page that holds its documents: one, or one for each button that names it. No host answers, nothing is fetched.

import { View } from './view.js';

const element = document.querySelector('#attnviz');
const view = new View(element);
element.attnviz = view;
view.speak(new URLSearchParams(location.search).get('lang') ?? (document.documentElement.dataset.lang || navigator.language));

let shown = null;
function show(id) {
  if (shown !== id) view.document(document.getElementById(id).textContent);
  shown = id;
}

const photographs = [...document.querySelectorAll('button[data-document]')];
function choose(button) {
  const { document: id, gate, channel } = button.dataset;
  show(id);
  if (gate) view.pick({ gate, channel: Number(channel) });
  photographs.forEach((each) => each.setAttribute('aria-pressed', String(each === button)));
}
photographs.forEach((button) => {
  button.disabled = false;
  button.addEventListener('click', () => {
    choose(button);
    element.scrollIntoView({ block: 'start' });
  });
});
if (photographs.length) choose(photographs[0]);
else show('attnviz-document');

document.querySelectorAll('button[data-lang]').forEach((button) => {
  const mark = () => button.setAttribute('aria-pressed', String(button.dataset.lang === view.language));
  button.addEventListener('click', () => {
    view.speak(button.dataset.lang);
    document.documentElement.lang = button.dataset.lang === 'zh' ? 'zh-CN' : 'en';
    document.querySelectorAll('button[data-lang]').forEach((each) => each.setAttribute('aria-pressed', String(each === button)));
  });
  mark();
});
