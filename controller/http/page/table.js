// The rows of one page. Rows are kept while their election stays on it, so that what has the focus keeps it.
class Table {
  #body = byId('rows');
  #rows = new Map();  // by election
  #queue;
  #clock;

  constructor(queue, clock) {
    this.#queue = queue;
    this.#clock = clock;
    // Narrow pages have fewer columns.
    new ResizeObserver(() => {
      queue.columns = [...document.querySelectorAll('thead th')].filter((head) => head.checkVisibility()).length;
    }).observe(byId('elections'));
  }

  // Shows these elections, and below one of them its queue.
  show(elections, open) {
    const focused = document.activeElement;
    const wanted = new Set(elections.map((election) => election.name));
    for (const [name, row] of this.#rows) {
      if (wanted.has(name)) continue;
      row.line.remove();
      this.#rows.delete(name);
    }
    if (this.#queue.name !== open || !wanted.has(open)) this.#queue.show(null);
    let next = this.#body.firstElementChild;
    const place = (line) => {
      if (line === next) next = next.nextElementSibling; else this.#body.insertBefore(line, next);
    };
    for (const election of elections) {
      const row = this.#row(election);
      const isOpen = election.name === open;
      setAttribute(row.button, 'aria-expanded', String(isOpen));
      place(row.line);
      if (!isOpen) continue;
      this.#queue.show(election);
      place(this.#queue.row);
    }
    // Moving a row takes the focus from it.
    if (focused !== document.activeElement && focused?.isConnected) focused.focus({preventScroll: true});
  }

  tick() {
    const now = this.#clock.now();
    for (const row of this.#rows.values()) setSince(row.time, row.election, now);
    if (this.#queue.name) this.#queue.tick();
  }

  button(name) { return this.#rows.get(name)?.button; }

  // The button `by` places after the focused one, or the first or last one.
  buttonNear(focused, by) {
    const buttons = [...this.#body.querySelectorAll('button.open')];
    const line = focused?.closest('#rows > tr');
    const at = buttons.indexOf(line?.id === 'queue' ? this.button(this.#queue.name) : line?.querySelector('button.open'));
    if (at < 0) return by > 0 ? buttons[0] : buttons.at(-1);
    return buttons[Math.min(buttons.length - 1, Math.max(0, at + by))];
  }

  #row(election) {
    let row = this.#rows.get(election.name);
    if (row?.election === election) return row;
    if (!row) {
      row = this.#newRow(election.name);
      this.#rows.set(election.name, row);
    }
    const {cells} = row;
    const before = row.election;
    row.election = election;
    if (before?.id !== election.id || before?.address !== election.address) cells.leader.replaceChildren(leaderOf(election));
    row.line.classList.toggle('vacant', election.id === null);
    setText(cells.token, String(election.token ?? '–'));
    setText(cells.candidates, count(election.candidates));
    setText(cells.transitions, count(election.transitions));
    row.time = sinceOf(election, this.#clock.now());
    cells.since.replaceChildren(row.time);
    if (before && before.token !== election.token) {
      row.line.classList.add('changed');
      row.line.classList.toggle('again');  // another animation that looks the same, so that it begins anew
    }
    return row;
  }

  #newRow(name) {
    const slash = name.indexOf('/') + 1;
    const namespace = element('span', 'namespace', shown(name.slice(0, slash)));
    const button = element('button', 'open', namespace, element('wbr'), shown(name.slice(slash)));
    button.type = 'button';
    button.dataset.election = name;
    button.setAttribute('aria-label', shown(name));
    button.setAttribute('aria-controls', 'queue');
    const head = element('th', '', button);
    head.scope = 'row';
    const cells = {
      leader: element('td', 'leader'),
      token: element('td', 'number wide'),
      candidates: element('td', 'number middle'),
      since: element('td', 'number since'),
      transitions: element('td', 'number wide'),
    };
    return {line: element('tr', '', head, ...Object.values(cells)), button, cells, election: null, time: null};
  }
}
