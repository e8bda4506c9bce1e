// The page: puts the stream, the elections and what a person wants to see of them together.

const PAGE_ROWS = 50;
const RENDER_MS = 250;  // at most this often for what the stream tells; ten times as long as it took where that is more
const SAY_MS = 700;     // what a person did is read out once they pause

const clock = new ServerClock();
const elections = new Elections();
const trust = new Trust(clock);
const queue = new Queue(trust);
const table = new Table(queue, trust);
let view = parseAddress(location.hash);
let paused = false;
let missed = 0;  // changes while paused
const controls = new Controls(change, togglePause);

function render() {
  const selected = elections.select(view);
  const pages = Math.max(1, Math.ceil(selected.length / PAGE_ROWS));
  const at = view.open ? selected.findIndex((election) => election.name === view.open) : -1;
  if (at >= 0) view.page = Math.floor(at / PAGE_ROWS) + 1;
  if (elections.synced) view.page = Math.min(view.page, pages);
  const from = (Math.min(view.page, pages) - 1) * PAGE_ROWS;
  const rows = selected.slice(from, from + PAGE_ROWS);

  trust.show();
  showSums();
  controls.show(view, elections.namespaces, elections.namespacesVersion);
  table.show(rows, view.open);
  byId('elections').hidden = rows.length === 0;
  byId('empty').hidden = !elections.synced || elections.size > 0;
  byId('tools').hidden = !byId('empty').hidden;
  byId('no-match').hidden = !elections.synced || elections.size === 0 || rows.length > 0;
  if (!byId('no-match').hidden) setText(byId('no-match-why'), whyNone());
  byId('pages').hidden = rows.length === 0;
  byId('previous').hidden = byId('next').hidden = pages === 1;
  byId('previous').disabled = from === 0;
  byId('next').disabled = from + PAGE_ROWS >= selected.length;
  setText(byId('page-of'), rows.length === 0 ? '' :
    count(from + 1) + '–' + count(from + rows.length) + ' of ' + counted(selected.length, 'election', 'elections'));
  byId('not-here').hidden = !view.open || at >= 0 || !elections.synced;
  if (!byId('not-here').hidden) {
    setText(byId('not-here'), view.open + ' is not among these: filtered out, or nobody has stood in it for long, or ever.');
  }
}

function showSums() {
  const {size, vacant, candidates} = elections;
  const known = elections.synced || size > 0;
  const sums = {all: size, led: size - vacant, vacant, candidates};
  for (const [name, sum] of Object.entries(sums)) setText(byId('count-' + name), known ? count(sum) : '–');
  byId('vacant-box').classList.toggle('some', vacant > 0);
  const doubt = trust.live ? '' : byId('state').textContent;
  const title = [doubt, vacant > 0 && count(vacant) + ' without a leader', 'Bellwether'].filter(Boolean).join(' · ');
  if (document.title !== title) document.title = title;
}

function whyNone() {
  if (view.leaderless && view.search === '') {
    return 'Every election' + (view.namespace ? ' in ' + shown(view.namespace) : '') + ' has a leader.';
  }
  return [view.search && 'with "' + shown(view.search) + '" in its name, leader or address',
          view.namespace && 'in the namespace ' + shown(view.namespace),
          view.leaderless && 'without a leader'].filter(Boolean).join(', ') + '.';
}

// --- from the stream

let scheduled = false;
let renderedAt = -Infinity;
let renderTook = 0;

function renderSoon() {
  if (scheduled || paused) return;
  scheduled = true;
  const pause = Math.max(RENDER_MS, 10 * renderTook) - (performance.now() - renderedAt);
  // No frame is drawn, and nothing is done, while nobody sees the page.
  setTimeout(() => requestAnimationFrame(() => {
    scheduled = false;
    if (paused) return;
    const began = performance.now();
    render();
    renderedAt = performance.now();
    renderTook = renderedAt - began;
  }), Math.max(0, pause));
}

function onEvent(type, data) {
  switch (type) {
    case 'reset': elections.reset(); break;
    case 'leader': elections.put(data); missed++; break;
    case 'unknown': elections.remove(data.election); missed++; break;
    case 'sync': elections.sync(); trust.onSync(); break;
    case 'freshness': trust.onFreshness(data); break;
  }
  renderSoon();
}

// --- from people

// isStep: "back" undoes it.
function change(what, isStep) {
  view = {...view, ...what};
  if (view.open && !elections.select(view).some((election) => election.name === view.open)) view.open = '';
  render();
  const address = formatAddress(view) || location.pathname + location.search;
  if (isStep) history.pushState(null, '', address); else history.replaceState(null, '', address);
  saySoon();
}

let saying = 0;
function saySoon() {
  clearTimeout(saying);
  saying = setTimeout(() => {
    setText(byId('said'), byId('pages').hidden ? 'No election matches.' : byId('page-of').textContent);
  }, SAY_MS);
}

function togglePause() {
  paused = !paused;
  missed = 0;
  if (!paused) render();
  showPause();
}

function showPause() {
  setText(byId('pause'), paused ? 'Go on' + (missed > 0 ? ' (' + counted(missed, 'change', 'changes') + ')' : '') : 'Pause');
}

byId('rows').addEventListener('click', (event) => {
  const {target} = event;
  // Who selects text in a row does not want it open.
  if (target.closest('a, tr.queue') || (!target.closest('button') && !getSelection().isCollapsed)) return;
  const button = target.closest('tr').querySelector('button.open');
  const name = button.dataset.election;
  change({open: view.open === name ? '' : name}, true);
});
document.addEventListener('keydown', (event) => { if (controls.onKey(event, table)) event.preventDefault(); });
window.addEventListener('hashchange', () => {
  view = parseAddress(location.hash);
  render();
});

// Whether single keys do something is remembered, where the browser lets a page remember.
try {
  byId('keys-on').checked = localStorage.getItem('keys') !== 'off';
  byId('keys-on').addEventListener('change', () => localStorage.setItem('keys', byId('keys-on').checked ? 'on' : 'off'));
} catch { /* then not */ }

// --- begin

const stream = new EventStream('v1/watch', clock, onEvent, (link) => {
  trust.onLink(link);
  renderSoon();
});
trust.attach(stream);
document.addEventListener('visibilitychange', () => stream.setVisible(!document.hidden));
stream.setVisible(!document.hidden);
setInterval(() => {
  if (document.hidden) return;
  trust.show();
  if (paused) showPause(); else table.tick();
}, 1000);
render();
