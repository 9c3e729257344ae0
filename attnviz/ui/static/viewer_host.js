const host = element.querySelector('.av-host');
const property = { document: 'value' };
const fixed = { asks };
const waiting = {};
const tell = { selected: 'select', asked: 'submit' };
// another document may come before the answer to what was asked of this one
const idOf = (text, key) => (text ? JSON.parse(text)[key] ?? null : null);
const stale = () => idOf(props.features, 'document') !== idOf(props.value, 'id');
const model = {
  get: (name) => (name === 'features' && stale() ? null : fixed[name] ?? props[property[name] ?? name]),
  set: (name, value) => { waiting[name] = value; },
  save_changes: () => {
    for (const [name, value] of Object.entries(waiting)) {
      delete waiting[name];
      if (name === 'selected') (window.attnvizSelected ??= {})[shown] = value;
      trigger(tell[name], name === 'asked' ? { ...value, document: idOf(props.value, 'id') } : value);
    }
  },
  on: (event, listener) => watch(property[event.slice(7)] ?? event.slice(7), listener),
};
import(new URL(`attnviz/${viewer}`, document.baseURI).href).then(({ default: view }) => view.render({ model, el: host }));
