// Pieces of the document. Text is only ever put in as text, a class only from what stands in this page.
const byId = (id) => document.getElementById(id);

function element(tag, className = '', ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

// What a candidate wrote: apart from the text around it, whatever direction its letters have.
function foreign(text, most) { return element('bdi', 'foreign', shown(text, most)); }

// An address: a link when a browser can open it as a page.
function addressOf(text) {
  const url = webAddress(text);
  if (url === null) return element('span', 'address', foreign(text));
  const link = element('a', 'address', foreign(text));
  link.href = url;
  link.rel = 'noopener noreferrer';
  return link;
}

// Sets a text where it differs: what stays the same costs no layout and is read out by nobody.
function setText(node, text) { if (node.textContent !== text) node.textContent = text; }

// The same for an attribute; null takes it away.
function setAttribute(node, name, value) {
  if (node.getAttribute(name) === value) return;
  if (value === null) node.removeAttribute(name); else node.setAttribute(name, value);
}

// <time> of an election: since when it is led, or not led; `now` is the server's.
function setSince(time, {since, atLeast, id}, now) {
  if (since === null) return setText(time, '–');
  const passed = span(now - since);
  setText(time, (id === null ? 'none for ' : atLeast ? '> ' : '') + passed);
}

function sinceOf(election, now) {
  const time = element('time');
  if (election.since !== null) {
    time.dateTime = new Date(election.since).toISOString();
    time.title = moment(election.since) + (election.atLeast ? ', when this replica began to look' : '');
  }
  setSince(time, election, now);
  return time;
}

function leaderOf(election) {
  if (election.id === null) return element('span', 'badge', 'no leader');
  const leader = element('div', 'some-lines', foreign(election.id));
  if (election.address) leader.append(' ', addressOf(election.address));
  return leader;
}
