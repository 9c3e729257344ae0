// One selection for everything on the page: what is shown (a click), and what is pointed at (the pointer, the keys).

export class Selection {
  #state = { gate: null, channel: null, place: null, at: { gate: null, channel: null, place: null } };
  #listeners = new Set();

  get gate() { return this.#state.gate; }
  get channel() { return this.#state.channel; }
  get place() { return this.#state.place; }
  get at() { return this.#state.at; }

  // what is highlighted: pointed at, else chosen
  get shown() {
    const { gate, channel, place, at } = this.#state;
    return { gate: at.gate ?? gate, channel: at.channel ?? channel, place: at.place ?? place };
  }

  // tell `listener(what)` of every change; `what` is a set of "gate", "channel", "place", "at"
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // choose: any of gate, channel, place
  choose(change) { this.#apply(this.#state, change, (key) => key); }

  // point at something; what is left out is no longer pointed at
  point(change = {}) {
    const next = { gate: null, channel: null, place: null, ...change };
    if (!same(this.#state.at, next)) {
      this.#state.at = next;
      this.#tell(new Set(['at']));
    }
  }

  #apply(target, change) {
    const changed = new Set(Object.keys(change).filter((key) => !same(target[key], change[key])));
    Object.assign(target, change);
    if (changed.size) this.#tell(changed);
  }

  #tell(what) { this.#listeners.forEach((listener) => listener(what)); }
}

function same(a, b) {
  if (a === b) return true;
  if (!a || !b || typeof a !== 'object' || typeof b !== 'object') return false;
  const keys = Object.keys({ ...a, ...b });
  return keys.every((key) => same(a[key], b[key]));
}
