// Server-sent events out of pieces of text (the HTML standard's event stream).
class EventParser {
  lastId;  // as of the last whole event
  #rest = '';
  #id;
  #type = '';
  #data = [];

  constructor(lastId) { this.lastId = this.#id = lastId; }

  // Gives each event that is complete now to take(type, data).
  feed(text, take) {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop();
    for (const line of lines) this.#line(line.endsWith('\r') ? line.slice(0, -1) : line, take);
  }

  #line(line, take) {
    if (line !== '') {
      const colon = line.indexOf(':');
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'id') this.#id = value;
      if (field === 'event') this.#type = value;
      if (field === 'data') this.#data.push(value);
      return;
    }
    const [type, data] = [this.#type, this.#data];
    this.#type = '';
    this.#data = [];
    if (data.length > 0) take(type, data.join('\n'));
    this.lastId = this.#id;
  }
}
