// One stream of events, for ever: begun again after every end where it stopped, later and later while that fails. Read by
// fetch and not by EventSource, which tells neither why it fails nor that it is silent.

const SILENCE_MS = 40_000;  // the server gives a sign of life each 15 s
const HIDDEN_MS = 60_000;   // a page that nobody looks at gives its place on the server up
const LONGEST_MS = 30_000;

// How long to wait before the n-th try in a row (from 0), by chance, so that those who were cut together come back apart.
function backOff(n, random, retryAfterMs = 0) {
  const most = Math.min(LONGEST_MS, 1000 * 2 ** n);
  return Math.max(most / 2, retryAfterMs) + random * most / 2;
}

// With words for people.
class Failure extends Error {
  constructor(message, retryAfterMs = 0) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

// What a server that does not stream has said, as one sentence or two.
async function failureOf(response) {
  const retryAfterMs = 1000 * Math.min(300, Number(response.headers.get('Retry-After')) || 0);
  const problem = await response.json().catch(() => ({}));
  const detail = typeof problem.detail === 'string' ? problem.detail : 'The answer was HTTP ' + response.status + '.';
  return new Failure(shown(detail), retryAfterMs);
}

class EventStream {
  #url;
  #clock;    // is set by the answer
  #onEvent;  // (type, data)
  #onState;  // ({name: 'connecting' | 'open' | 'waiting' | 'asleep', why, until})
  #id = '';  // where to go on
  #tries = 0;
  #abort = new AbortController();
  #goOn = () => {};  // ends a wait
  #hidden = false;   // for long enough
  #hiding = 0;

  constructor(url, clock, onEvent, onState) {
    this.#url = url;
    this.#clock = clock;
    this.#onEvent = onEvent;
    this.#onState = onState;
    queueMicrotask(() => this.#run());
  }

  // Up to which revision of etcd everything has been told; 0 = not known.
  get revision() { return Number(this.#id.split('-')[0]); }

  tryNow() { this.#goOn(); }

  setVisible(visible) {
    clearTimeout(this.#hiding);
    if (visible) {
      if (this.#hidden) this.#tries = 0;
      this.#hidden = false;
      this.#goOn();
    } else {
      this.#hiding = setTimeout(() => {
        this.#hidden = true;
        this.#abort.abort(new Failure('Nobody looks.'));
        this.#goOn();
      }, HIDDEN_MS);
    }
  }

  async #run() {
    for (;;) {
      let why = 'The connection has ended.';
      let retryAfterMs = 0;
      try {
        await this.#read();
      } catch (error) {
        why = error instanceof Failure ? error.message : 'The controller cannot be reached.';
        retryAfterMs = error.retryAfterMs ?? 0;
      }
      const waitMs = this.#hidden ? Infinity : backOff(this.#tries++, Math.random(), retryAfterMs);
      const until = Date.now() + waitMs;
      this.#onState(this.#hidden ? {name: 'asleep'} : {name: 'waiting', why, until});
      await new Promise((resolve) => {
        const timer = this.#hidden ? 0 : setTimeout(resolve, waitMs);
        this.#goOn = () => { clearTimeout(timer); resolve(); };
      });
      this.#goOn = () => {};
    }
  }

  async #read() {
    this.#onState({name: 'connecting'});
    this.#abort = new AbortController();
    const giveUp = () => this.#abort.abort(new Failure('The controller has fallen silent.'));
    let silence = setTimeout(giveUp, SILENCE_MS);
    try {
      const sent = Date.now();
      const response = await fetch(this.#url + (this.#id ? '?index=' + encodeURIComponent(this.#id) : ''),
                                   {headers: {Accept: 'text/event-stream'}, cache: 'no-store', signal: this.#abort.signal});
      if (response.status >= 400 && response.status < 500) this.#id = '';
      if (!response.ok) throw await failureOf(response);
      if (!response.headers.get('Content-Type')?.startsWith('text/event-stream')) {
        throw new Failure('Something else than the controller has answered.');
      }
      this.#clock.measure(sent, response.headers.get('Date'));
      this.#onState({name: 'open'});
      const parser = new EventParser(this.#id);
      const text = new TextDecoder();
      const reader = response.body.getReader();
      for (;;) {
        const {done, value} = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(giveUp, SILENCE_MS);
        parser.feed(text.decode(value, {stream: true}), (type, data) => this.#take(type, data));
        this.#id = parser.lastId;
      }
    } finally {
      clearTimeout(silence);
      this.#abort.abort();
    }
  }

  #take(type, data) {
    try {
      this.#onEvent(type, JSON.parse(data));
      this.#tries = 0;
    } catch (error) {
      console.error(error);
      this.#id = '';
      throw new Failure('The controller sent what this page does not understand; load the page again.');
    }
  }
}
