// A page that holds one document: no host answers, nothing is fetched.

import { View } from './view.js';

const element = document.querySelector('#attnviz');
const view = new View(element);
element.attnviz = view;
view.speak(new URLSearchParams(location.search).get('lang') ?? (document.documentElement.dataset.lang || navigator.language));
view.document(document.querySelector('#attnviz-document').textContent);

document.querySelectorAll('button[data-lang]').forEach((button) => {
  const mark = () => button.setAttribute('aria-pressed', String(button.dataset.lang === view.language));
  button.addEventListener('click', () => {
    view.speak(button.dataset.lang);
    document.documentElement.lang = button.dataset.lang === 'zh' ? 'zh-CN' : 'en';
    document.querySelectorAll('button[data-lang]').forEach((each) => each.setAttribute('aria-pressed', String(each === button)));
  });
  mark();
});
