// The view as a module in anywidget's form: render({ model, el }). `model` has get, set, save_changes, on and off.
//
// Read: document (text), lang, picked ({gate, channel, place, look}), features (an answer), asks (whether one may ask).
// Written: selected (what is chosen), asked (what is wanted).

import { View } from './view.js';

function render({ model, el }) {
  const write = (name) => (value) => {
    model.set(name, value);
    model.save_changes();
  };
  const view = new View(el, { onselect: write('selected'), onask: model.get('asks') ? write('asked') : undefined });
  const follow = {
    document: (text) => {
      if (!text) { view.clear(); return; }
      view.document(text);
      follow.picked(model.get('picked')); // these may have come first
      follow.features(model.get('features'));
    },
    lang: (tag) => view.speak(tag || document.documentElement.lang),
    picked: (choice) => { if (choice) view.pick(choice); },
    features: (answer) => { if (answer && view.view) view.features(answer); },
  };
  const listeners = Object.entries(follow).map(([name, apply]) => {
    const listener = () => apply(model.get(name));
    model.on(`change:${name}`, listener);
    return [`change:${name}`, listener];
  });
  follow.lang(model.get('lang'));
  follow.document(model.get('document'));
  // where the host says no language, that of the page counts, also when it changes
  const observer = new MutationObserver(() => { if (!model.get('lang')) view.speak(document.documentElement.lang); });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['lang'] });
  el.attnviz = view;
  return () => {
    observer.disconnect();
    listeners.forEach(([name, listener]) => model.off?.(name, listener));
  };
}

export { cells } from './cells.js';
export default { render };
