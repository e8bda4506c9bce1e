// Numbers, times and foreign text for people.

// What does not show as what it is: controls, invisible characters, those that turn the text around them.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]/gu;

// Text that a candidate chose, so that nothing in it hides or misleads, and not without end.
function shown(text, most = 300) {
  const cut = text.length > most;
  const kept = cut ? text.slice(0, most).replace(/[\ud800-\udbff]$/, '') : text;
  const seen = kept.replace(UNSEEN, (c) => '\\u{' + c.codePointAt(0).toString(16) + '}');
  return cut ? seen + '…' : seen;
}

// A URL that may be followed, or null: only what a browser opens as a page.
function webAddress(text) {
  try {
    const url = new URL(text);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : null;
  } catch {
    return null;
  }
}

const NUMBERS = new Intl.NumberFormat('en');
const count = (n) => NUMBERS.format(n);
const counted = (n, one, many) => count(n) + ' ' + (n === 1 ? one : many);

// A span of time with the two largest units that matter.
function span(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return s + ' s';
  const min = Math.floor(s / 60);
  if (min < 60) return min + ' min';
  const h = Math.floor(min / 60);
  if (h < 24) return h + ' h ' + (min % 60) + ' min';
  const d = Math.floor(h / 24);
  return d < 100 ? d + ' d ' + (h % 24) + ' h' : count(d) + ' d';
}

// From RFC 3339 to milliseconds; null stays null, and what is no time counts as null.
function instant(text) {
  const ms = text ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? null : ms;
}

const TIMES = new Intl.DateTimeFormat('en', {dateStyle: 'medium', timeStyle: 'long', hour12: false});
const moment = (ms) => TIMES.format(ms);
const timeOfDay = (ms) => new Date(ms).toTimeString().slice(0, 8);
