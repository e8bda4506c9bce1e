// What a person does: search, filters, order, pages, keys. Tells of it by onChange(change, isStep): a step is one that the
// browser's "back" undoes.
const MOST_NAMESPACES = 500;  // to choose from

class Controls {
  #view;
  #onChange;
  #onPause;
  #namespaces = -1;  // the version of them that is offered

  constructor(onChange, onPause) {
    this.#onChange = onChange;
    this.#onPause = onPause;
    byId('search').addEventListener('input', () => onChange({search: byId('search').value, page: 1}, false));
    byId('namespace').addEventListener('change', () => onChange({namespace: byId('namespace').value, page: 1}, true));
    byId('leaderless').addEventListener('change', () => onChange({leaderless: byId('leaderless').checked, page: 1}, true));
    byId('clear').addEventListener('click', () => {
      onChange({search: '', namespace: '', leaderless: false, page: 1}, true);
      byId('search').focus();
    });
    byId('previous').addEventListener('click', () => this.#turn(-1));
    byId('next').addEventListener('click', () => this.#turn(1));
    byId('pause').addEventListener('click', () => onPause());
    byId('by-name').firstElementChild.addEventListener('click', () => onChange({sort: 'name', page: 1}, true));
    byId('by-since').firstElementChild.addEventListener('click', () => onChange({sort: 'since', page: 1}, true));
    byId('skip').addEventListener('click', (event) => {
      event.preventDefault();  // the page's address says what is looked at
      byId('elections').focus();
    });
  }

  show(view, namespaces, namespacesVersion) {
    this.#view = view;
    if (byId('search').value !== view.search) byId('search').value = view.search;
    byId('leaderless').checked = view.leaderless;
    setAttribute(byId('by-name'), 'aria-sort', view.sort === 'name' ? 'ascending' : null);
    setAttribute(byId('by-since'), 'aria-sort', view.sort === 'since' ? 'descending' : null);
    this.#offer(view, namespaces, namespacesVersion);
  }

  // Names the namespaces; not while somebody chooses one.
  #offer({namespace}, namespaces, version) {
    const select = byId('namespace');
    if (version !== this.#namespaces && document.activeElement !== select) {
      this.#namespaces = version;
      const names = [...namespaces.keys()].sort();
      const options = names.slice(0, MOST_NAMESPACES).map((name) => new Option(name, name));
      if (names.length > MOST_NAMESPACES) {
        const more = new Option('and ' + count(names.length - MOST_NAMESPACES) + ' more: search for them');
        more.disabled = true;
        options.push(more);
      }
      select.replaceChildren(new Option('all', ''), ...options);
    }
    if (namespace && ![...select.options].some((option) => option.value === namespace)) {
      select.add(new Option(shown(namespace), namespace));
    }
    if (select.value !== namespace) select.value = namespace;
  }

  #turn(by) {
    const button = byId(by > 0 ? 'next' : 'previous');
    if (!button.disabled) this.#onChange({page: this.#view.page + by, open: ''}, true);
  }

  // A key, unless it is typed into something; true when it was for the page.
  onKey(event, table) {
    const {key, target} = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const search = byId('search');
    if (key === 'Escape') return this.#escape(target === search, table);
    const inList = target.closest?.('#elections') !== null;
    if (key === 'ArrowDown' && (inList || target === search)) return this.#go(table, 1);
    if (key === 'ArrowUp' && inList) return this.#go(table, -1);
    if (target.matches?.('input:not([type=checkbox]), select, textarea') || !byId('keys-on').checked) return false;
    switch (key) {
      case '/': search.focus(); search.select(); return true;
      case 'j': return this.#go(table, 1);
      case 'k': return this.#go(table, -1);
      case 'n': this.#turn(1); return true;
      case 'b': this.#turn(-1); return true;
      case 'l': this.#onChange({leaderless: !this.#view.leaderless, page: 1}, true); return true;
      case 's': this.#onChange({sort: this.#view.sort === 'name' ? 'since' : 'name', page: 1}, true); return true;
      case 'p': this.#onPause(); return true;
      case '?':
        byId('help').open = !byId('help').open;
        if (byId('help').open) byId('help').firstElementChild.focus();
        return true;
    }
    return false;
  }

  #go(table, by) {
    const button = table.buttonNear(document.activeElement, by);
    button?.focus();
    return button !== undefined;
  }

  #escape(inSearch, table) {
    const search = byId('search');
    if (inSearch && search.value === '') {
      search.blur();
    } else if (inSearch) {
      this.#onChange({search: '', page: 1}, false);
    } else if (this.#view.open) {
      const {open} = this.#view;
      this.#onChange({open: ''}, true);
      table.button(open)?.focus();
    } else {
      return false;
    }
    return true;
  }
}
