// How far what is shown can be believed: the connection to this replica, and this replica's to etcd.
class Trust {
  #clock;
  #link = {name: 'connecting'};
  #fresh = {stale: false, asOf: null, tokensInvalid: false};
  #caughtUp = false;  // everything has been told on this connection
  #heardAt = null;    // the server's time when the connection was last whole
  #why = '';          // of the last failure, until it is over
  #stream;

  constructor(clock) { this.#clock = clock; }

  // From where the revision is known, and what is tried now when somebody asks for it.
  attach(stream) {
    this.#stream = stream;
    byId('try-now').addEventListener('click', () => stream.tryNow());
  }

  get live() { return this.#link.name === 'open' && this.#caughtUp && !this.#fresh.stale; }

  // The server's time for "since": where nothing is heard any more it stands still, since nobody knows how it went on.
  now() {
    if (this.live || this.#heardAt === null) return this.#clock.now();
    return this.#link.name === 'open' && this.#fresh.stale ? this.#fresh.asOf ?? this.#heardAt : this.#heardAt;
  }

  onLink(link) {
    if (this.live) this.#heardAt = this.#clock.now();
    if (link.name === 'open') this.#caughtUp = false;
    this.#link = link;
    this.show();
  }

  onSync() { this.#caughtUp = true; }

  onFreshness({stale, asOf, tokensInvalid}) {
    this.#fresh = {stale: Boolean(stale), asOf: instant(asOf), tokensInvalid: Boolean(tokensInvalid)};
    this.#clock.isPast(this.#fresh.asOf);
    if (stale || this.live) this.#heardAt = this.#fresh.asOf;
    this.show();
  }

  show() {
    const {state, text, notice} = this.#describe();
    byId('freshness').dataset.state = state;
    setText(byId('state'), text);
    const revision = this.#stream?.revision ?? 0;
    setText(byId('as-of'), revision > 0 ? 'as of revision ' + revision : '');
    byId('notice').hidden = notice === '';
    setText(byId('notice-text'), notice);
    const waiting = this.#link.name === 'waiting';
    const left = waiting ? Math.max(0, Math.ceil((this.#link.until - Date.now()) / 1000)) : 0;
    setText(byId('notice-time'), waiting ? 'Next try in ' + left + ' s.' : '');
    byId('try-now').hidden = !waiting;
    byId('tokens-invalid').hidden = !this.#fresh.tokensInvalid;
  }

  #describe() {
    const at = this.#heardAt === null ? '' : ' What is shown is as of ' + timeOfDay(this.#heardAt) + '.';
    switch (this.#link.name) {
      case 'waiting':
        this.#why = this.#link.why;
        return {state: 'offline', text: 'Not connected', notice: this.#why + at};
      case 'asleep':
        return {state: 'offline', text: 'Asleep', notice: 'Nobody looked, so the connection was given up.' + at};
      case 'connecting':
        // The next try after a failure tells nothing new.
        return this.#why ? {state: 'offline', text: 'Not connected', notice: this.#why + at}
                         : {state: 'connecting', text: 'Connecting', notice: ''};
    }
    if (!this.#caughtUp) return {state: 'connecting', text: 'Reading the elections', notice: ''};
    this.#why = '';
    if (!this.#fresh.stale) return {state: 'live', text: 'Live', notice: ''};
    const since = this.#fresh.asOf === null ? '' : ' since ' + timeOfDay(this.#fresh.asOf);
    return {state: 'stale', text: 'Stale' + since,
            notice: 'This controller has heard nothing from etcd' + since + '. Other leaders may have been elected meanwhile.'};
  }
}
