// The server's time, as far as this machine can know it: people's clocks are wrong, and "since" is the server's.
class ServerClock {
  #ahead = 0;  // milliseconds that the server's clock is ahead of ours
  #now;

  constructor(now = () => Date.now()) { this.#now = now; }

  now() { return this.#now() + this.#ahead; }

  // An answer to what was sent then has come now. Its Date has no fractions: it is half a second late on average.
  measure(sent, date) {
    const told = Date.parse(date ?? '');
    if (Number.isNaN(told)) return;
    this.#ahead = told + 500 - (sent + this.#now()) / 2;
  }

  // The server has told of a moment that is past there.
  isPast(ms) { if (ms !== null && ms > this.now()) this.#ahead += ms - this.now(); }
}
