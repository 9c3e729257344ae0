const host = element.querySelector('.av-host');
const property = { document: 'value' };
const waiting = {};
const tell = { selected: 'select', asked: 'submit' };
const model = {
  get: (name) => props[property[name] ?? name],
  set: (name, value) => { waiting[name] = value; },
  save_changes: () => {
    for (const [name, value] of Object.entries(waiting)) {
      delete waiting[name];
      if (name === 'selected') (window.attnvizSelected ??= {})[props.view] = value;
      trigger(tell[name], value);
    }
  },
  on: (event, listener) => watch(property[event.slice(7)] ?? event.slice(7), listener),
};
import(new URL(`attnviz/${props.module}`, document.baseURI).href).then(({ default: view }) => view.render({ model, el: host }));
