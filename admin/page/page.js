// Keeps the status page up to date from the daemon's events. What comes from the daemon is shown as text, never as markup.
import { formats, tone } from './format.js';
import { Charts } from './charts.js';

// silence is how long nothing may come before the page says that it is not live: events come each second.
const silence = 4000;

// deaf is how long nothing may come before the connection is given up: what lies between may have lost it without a word.
const deaf = 15000;

// again is how long to wait before connecting anew where the browser does not do it by itself: after an answer that is no stream of events.
const again = 2000;

const said = document.getElementById('said');
const live = document.getElementById('live');
const stale = document.getElementById('stale');
const icon = document.querySelector('link[rel=icon]');

let charts = null;
let status = null; // The latest.
let heard = Date.now(); // When something came last, or a connection was begun.
let events = null;

// at returns the value at a path of item; the empty path is item itself.
const at = (item, path) => (path === '' ? item : path.split('.').reduce((v, key) => v?.[key], item));

const setText = (el, text) => {
  if (el.textContent !== text) el.textContent = text;
};

// fill shows item in root: in the elements that stand in no row of a list below it, and then list by list.
function fill(root, item, now) {
  const row = root.closest('[data-row]');
  const mine = (selector) => [...root.querySelectorAll(selector)].filter((el) => el.closest('[data-row]') === row);
  for (const el of mine('[data-tone-of]')) el.dataset.tone = tone(at(item, el.dataset.toneOf));
  for (const el of mine('[data-v]')) {
    const text = formats[el.dataset.f](at(item, el.dataset.v), now);
    setText(el, text);
    if (el.tagName === 'TD') el.toggleAttribute('data-zero', text === '0');
  }
  for (const el of mine('[data-none]')) el.hidden = at(item, el.dataset.none).length > 0;
  for (const el of mine('[data-some]')) el.hidden = at(item, el.dataset.some).length === 0;
  for (const list of mine('[data-list]')) fillList(list, at(item, list.dataset.list), now);
}

function fillList(list, items, now) {
  const rows = [...list.children].filter((el) => 'row' in el.dataset);
  const template = list.querySelector('template');
  while (rows.length > items.length) rows.pop().remove();
  while (rows.length < items.length) {
    const row = template.content.firstElementChild.cloneNode(true);
    template.before(row);
    rows.push(row);
  }
  items.forEach((item, i) => fill(rows[i], item, now));
}

function setIcon(name) {
  const href = icon.href.replace(/[^/]+$/, `${name}.svg`);
  if (icon.href !== href) icon.href = href;
}

function show(next) {
  if (status !== null && status.version !== next.version) location.reload(); // Another program, with another page.
  const changed = status?.state !== next.state;
  const first = status === null;
  status = next;
  fill(document.body, next, next.now);
  const state = formats.words(next.state);
  document.title = `${state} · momento-bridge`;
  setIcon({ bad: 'bad', warn: 'warn' }[tone(next.state)] ?? 'good');
  setText(live, `Live · ${formats.clock(next.now)} UTC`);
  live.dataset.live = 'yes';
  stale.hidden = true;
  delete document.body.dataset.stale;
  if (changed && !first) said.textContent = `${state}: ${next.summary}`; // Read out; not each second.
}

// warn says plainly that the numbers are old.
function warn() {
  if (!stale.hidden) return;
  const since = status === null ? '' : ` since ${formats.clock(status.now)} UTC`;
  stale.textContent = `Not live: nothing has come from the daemon${since}. What follows is old. This page tries again by itself.`;
  stale.hidden = false;
  document.body.dataset.stale = '';
  document.title = 'not live · momento-bridge';
  setIcon('bad');
  setText(live, 'Not live');
  live.dataset.live = 'no';
}

function connect() {
  heard = Date.now();
  events?.close();
  events = new EventSource('/api/v1/events');
  events.addEventListener('history', (event) => {
    heard = Date.now();
    charts.reset(JSON.parse(event.data));
  });
  events.addEventListener('status', (event) => {
    heard = Date.now();
    const { status: next, sample } = JSON.parse(event.data);
    charts.add(sample);
    show(next);
  });
  events.addEventListener('error', (event) => {
    warn();
    if (event.target === events && events.readyState === EventSource.CLOSED) setTimeout(connect, again);
  });
}

document.getElementById('charts').hidden = false;
charts = new Charts(document.getElementById('grid'));
setInterval(() => {
  if (Date.now() - heard > silence) warn();
  if (Date.now() - heard > deaf) connect();
}, 1000);
connect();
