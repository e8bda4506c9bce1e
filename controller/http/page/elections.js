// All elections as they were last told, and which of them are wanted in which order. Knows no document.
class Elections {
  synced = false;           // all that there is has been told
  version = 0;              // grows with every change
  vacant = 0;               // how many have no leader
  candidates = 0;
  namespaces = new Map();   // how many elections each has
  namespacesVersion = 0;    // grows when one comes or goes
  #all = new Map();
  #generation = 0;          // what was not told again since a reset is of an older one
  #sorted = null;           // all by name, or null after one came or went
  #selected = {key: '', version: -1, elections: []};

  get size() { return this.#all.size; }
  get(name) { return this.#all.get(name); }

  // Forget what is not told again before the next sync; it stays on the page until then.
  reset() {
    this.#generation++;
    this.version++;
  }

  sync() {
    for (const election of [...this.#all.values()]) {
      if (election.generation !== this.#generation) this.remove(election.name);
    }
    this.synced = true;
    this.version++;
  }

  // Takes the answer of …/leader.
  put(answer) {
    const {leader} = answer;
    const name = answer.election;
    const before = this.#all.get(name);
    const id = leader ? String(leader.id) : null;
    const address = leader?.address ? String(leader.address) : '';
    const election = {
      name,
      namespace: name.slice(0, name.indexOf('/')),
      id,  // null = nobody leads
      address,
      token: answer.fencingToken,
      since: instant(leader ? answer.since : answer.vacantSince),  // null = not known
      atLeast: Boolean(answer.sinceIsLowerBound),
      transitions: answer.transitions,
      candidates: answer.candidates ?? 0,
      revision: answer.revision,
      found: (name + '\n' + (id ?? '') + '\n' + address).toLowerCase(),
      generation: this.#generation,
    };
    if (!before) this.#sorted = null;
    this.#all.set(name, election);
    this.#count(election, 1);
    if (before) this.#count(before, -1);
    this.version++;
  }

  remove(name) {
    const election = this.#all.get(name);
    if (!election) return;
    this.#all.delete(name);
    this.#count(election, -1);
    this.#sorted = null;
    this.version++;
  }

  #count(election, by) {
    if (election.id === null) this.vacant += by;
    this.candidates += by * election.candidates;
    const had = this.namespaces.get(election.namespace) ?? 0;
    if (had + by > 0) this.namespaces.set(election.namespace, had + by); else this.namespaces.delete(election.namespace);
    if (had === 0 || had + by === 0) this.namespacesVersion++;
  }

  // Those that match {search, namespace, leaderless}, by name or, {sort: 'since'}, the last change first.
  select({search, namespace, leaderless, sort}) {
    const key = JSON.stringify([search, namespace, leaderless, sort]);
    if (this.#selected.key === key && this.#selected.version === this.version) return this.#selected.elections;
    const words = search.toLowerCase().split(/\s+/).filter(Boolean);
    this.#sorted ??= [...this.#all.keys()].sort();
    const elections = [];
    for (const name of this.#sorted) {
      const election = this.#all.get(name);
      if ((namespace === '' || election.namespace === namespace) && (!leaderless || election.id === null) &&
          words.every((word) => election.found.includes(word))) {
        elections.push(election);
      }
    }
    if (sort === 'since') elections.sort((a, b) => (b.since ?? 0) - (a.since ?? 0));
    this.#selected = {key, version: this.version, elections};
    return elections;
  }
}
