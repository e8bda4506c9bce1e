// What is looked at, as it stands behind the '#' of the page's address, so that it can be sent to somebody else:
// #search=…&namespace=…&leaderless=1&sort=since&page=2&open=NAMESPACE/NAME. An open election decides about the page.
const NOTHING_SPECIAL = Object.freeze({search: '', namespace: '', leaderless: false, sort: 'name', page: 1, open: ''});

function parseAddress(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const text = (name, most) => (given.get(name) ?? '').slice(0, most);
  return {
    search: text('search', 200),
    namespace: text('namespace', 63),
    leaderless: given.get('leaderless') === '1',
    sort: given.get('sort') === 'since' ? 'since' : 'name',
    page: Math.max(1, Number.parseInt(given.get('page') ?? '1', 10) || 1),
    open: /^[a-z0-9-]{1,63}\/[a-z0-9-]{1,63}$/.test(given.get('open') ?? '') ? given.get('open') : '',
  };
}

function formatAddress(view) {
  const said = new URLSearchParams();
  for (const [name, nothing] of Object.entries(NOTHING_SPECIAL)) {
    if (view[name] === nothing || (name === 'page' && view.open)) continue;
    said.set(name, view[name] === true ? '1' : view[name]);
  }
  const text = said.toString().replaceAll('%2F', '/');
  return text ? '#' + text : '';
}
