// The queue of the one election that is open: asked for when it is opened and again when it changes, one answer at a time.

const MOST_PLACES = 100;     // shown; a queue may be longer than a person reads
const ASK_AGAIN_MS = 1000;   // at most this often
const AFTER_FAILURE_MS = 5000;

class Queue {
  row;  // the <tr> that shows it, below that of its election
  #cell;
  #election = null;  // as last told by the stream
  #asked = null;     // the revision that the newest answer, or the one under way, is of
  #abort = null;
  #timer = 0;
  #clock;

  constructor(clock) {
    this.#clock = clock;
    this.#cell = element('td');
    this.row = element('tr', 'queue', this.#cell);
    this.row.id = 'queue';
  }

  get name() { return this.#election?.name ?? ''; }

  // How many columns the table has now; one too many would take room from the others.
  set columns(n) { this.#cell.colSpan = n; }

  // Opens it, or shows what has become of it; null closes it.
  show(election) {
    if (election?.name !== this.#election?.name) {
      this.#stop();
      this.#cell.replaceChildren(element('p', 'quiet', 'Reading the queue …'));
      this.row.remove();
    }
    this.#election = election;
    if (election && election.revision !== this.#asked && !this.#abort && !this.#timer) this.#ask();
  }

  tick() {
    for (const time of this.#cell.querySelectorAll('time')) setSince(time, this.#election, this.#clock.now());
  }

  #stop() {
    this.#abort?.abort();
    clearTimeout(this.#timer);
    this.#abort = null;
    this.#timer = 0;
    this.#asked = null;
  }

  async #ask() {
    const {name, revision} = this.#election;
    const abort = this.#abort = new AbortController();
    this.#asked = revision;
    this.#cell.setAttribute('aria-busy', 'true');
    let content = null;  // null = what is shown already
    let pause = ASK_AGAIN_MS;
    try {
      const response = await fetch('v1/elections/' + name, {headers: {Accept: 'application/json'}, signal: abort.signal});
      if (!response.ok) throw await failureOf(response);
      content = this.#describe(await response.json());
    } catch (error) {
      if (abort.signal.aborted) return;
      if (error instanceof Failure) content = [element('p', 'quiet', 'The queue cannot be shown. ' + error.message)];
      this.#asked = null;
      pause = AFTER_FAILURE_MS;
    }
    if (abort.signal.aborted) return;
    this.#abort = null;
    this.#cell.removeAttribute('aria-busy');
    if (content !== null) this.#put(content);
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.show(this.#election);
    }, pause);
  }

  // A link that had the focus is another element afterwards.
  #put(content) {
    const links = () => [...this.#cell.querySelectorAll('a')];
    const at = links().indexOf(document.activeElement);
    this.#cell.replaceChildren(...content);
    if (at >= 0) links()[at]?.focus({preventScroll: true});
  }

  #describe(answer) {
    const facts = element('dl', 'facts');
    const fact = (what, ...how) => facts.append(element('div', '', element('dt', '', what), element('dd', '', ...how)));
    const {since} = this.#election;
    if (since !== null) {
      fact(this.#election.id === null ? 'No leader since' : 'Leads since',
           moment(since), ' (', sinceOf(this.#election, this.#clock.now()), ')');
    }
    fact('Fencing token', String(answer.fencingToken ?? '–'));
    fact('Transitions seen', count(answer.transitions));
    if (answer.lastFailoverMs !== null) fact('Last failover', count(answer.lastFailoverMs) + ' ms');
    fact('Key prefix', foreign(String(answer.prefix)));
    const json = element('a', '', 'as JSON');
    json.href = 'v1/elections/' + answer.election;
    fact('All of it', json);
    if (answer.queue.length === 0) return [facts, element('p', 'quiet', 'Nobody is in the queue.')];

    const list = element('ol', 'places');
    for (const place of answer.queue.slice(0, MOST_PLACES)) list.append(this.#place(place, list.children.length === 0));
    const more = answer.candidates - list.children.length;
    const rest = more > 0 ? [element('p', 'quiet', 'and ' + counted(more, 'candidate', 'candidates') + ' more')] : [];
    return [facts, element('h3', '', 'Queue'), list, ...rest];
  }

  #place(place, leads) {
    const line = element('li', leads ? 'leads' : '', foreign(String(place.id)));
    if (leads) line.append(' ', element('span', 'badge good', 'leads'));
    if (place.foreign) line.append(' ', element('span', 'badge plain', 'foreign'));
    if (place.address) line.append(' ', addressOf(String(place.address)));
    const small = ['created at revision ' + place.createRevision,
                   place.lease === null ? 'no lease: it never expires' : 'lease ' + shown(String(place.lease))];
    line.append(element('span', 'quiet', small.join(', ')));
    if (place.value) line.append(element('span', 'quiet value', 'value ', foreign(String(place.value), 200)));
    if (place.value === null) line.append(element('span', 'quiet value', 'value: bytes that are no text'));
    return line;
  }
}
