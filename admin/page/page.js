// Keeps the status page up to date from the daemon's events, which bring the texts of the page: here they are put in their place, never as markup.
import { Charts } from './charts.js';

// silence is how long nothing may come before the page says that it is not live: events come each second.
const silence = 4000;

// deaf is how long nothing may come before the connection is given up: what lies between may have lost it without a word.
const deaf = 15000;

// again is how long to wait before connecting anew where the browser does not do it by itself: after an answer that is no stream of events.
const again = 2000;

const said = document.getElementById('said');
const live = document.getElementById('live');
const told = document.getElementById('told');
const stale = document.getElementById('stale');
const icon = document.querySelector('link[rel=icon]');

let charts = null;
let page = null; // What was shown last,
let version = null; // and of which program.
let heard = Date.now(); // When something came last, or a connection was begun.
let events = null;
let control = false; // Whether the daemon takes changes from who looks at this page.

const setText = (el, text) => {
  if (el.textContent !== text) el.textContent = text;
};

// fill shows what the daemon says of the page, or of a row of a list, in root: in the elements that stand in no row below it, and then list by list.
function fill(root, { texts, tone, lists }) {
  const row = root.closest('[data-row]');
  const mine = (selector) => [...root.querySelectorAll(selector)].filter((el) => el.closest('[data-row]') === row);
  for (const el of mine('[data-tone]')) el.dataset.tone = tone;
  for (const el of mine('[data-v]')) {
    const text = texts[el.dataset.v];
    setText(el, text);
    if (el.tagName === 'TD') el.toggleAttribute('data-zero', text === '0');
  }
  for (const el of mine('[data-act]')) {
    el.hidden = !control;
    if (el.dataset.act !== 'reload') setAct(el, texts.name, texts.state === 'paused' ? 'resume' : 'pause');
  }
  for (const el of mine('[data-none]')) el.hidden = lists[el.dataset.none].length > 0;
  for (const el of mine('[data-some]')) el.hidden = lists[el.dataset.some].length === 0;
  for (const list of mine('[data-list]')) fillList(list, lists[list.dataset.list]);
}

// setAct lets a button do that to a route.
function setAct(button, route, act) {
  button.dataset.act = act;
  button.dataset.route = route;
  setText(button, act === 'resume' ? 'Resume' : 'Pause');
  button.setAttribute('aria-label', `${button.textContent} ${route}`);
}

// change asks the daemon to change something, and tells what it says. No other page can send this header.
async function change(act, route) {
  const query = route === undefined ? '' : `?route=${encodeURIComponent(route)}`;
  let text;
  try {
    const answer = await fetch(`/api/v1/${act}${query}`, { method: 'POST', headers: { 'X-Momento-Bridge': '1', Accept: 'text/plain' } });
    text = (await answer.text()).trim().replaceAll('\n', '; ');
  } catch {
    text = `the daemon does not answer: it is not known whether ${act} was done`;
  }
  setText(told, route === undefined ? text : `${route}: ${text}`);
  told.hidden = false;
}

function fillList(list, items) {
  const rows = [...list.children].filter((el) => 'row' in el.dataset);
  const template = list.querySelector('template');
  while (rows.length > items.length) rows.pop().remove();
  while (rows.length < items.length) {
    const row = template.content.firstElementChild.cloneNode(true);
    template.before(row);
    rows.push(row);
  }
  items.forEach((item, i) => fill(rows[i], item));
}

const inView = (el) => {
  const box = el.getBoundingClientRect();
  return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight;
};

// steady makes a change so that what has the focus is not moved out of sight by what comes above it.
function steady(change) {
  const el = document.activeElement;
  const seen = inView(el);
  change();
  if (seen && !inView(el)) el.scrollIntoView({ block: 'nearest' });
}

function setIcon(name) {
  const href = icon.href.replace(/[^/]+$/, `${name}.svg`);
  if (icon.href !== href) icon.href = href;
}

function show(next) {
  const before = page?.texts;
  const { now, state, summary } = next.texts;
  page = next;
  control = next.control;
  fill(document.body, next);
  document.title = `${state} · momento-bridge`;
  setIcon(next.icon);
  setText(live, `Live · ${now} UTC`);
  live.dataset.live = 'yes';
  stale.hidden = true;
  delete document.body.dataset.stale;
  if (before && before.state !== state) said.textContent = `${state}: ${summary}`; // Read out; not each second.
}

// warn says plainly that the numbers are old.
function warn() {
  if (!stale.hidden) return;
  const since = page === null ? '' : ` since ${page.texts.now} UTC`;
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
    steady(() => charts.reset(JSON.parse(event.data)));
  });
  events.addEventListener('status', (event) => {
    heard = Date.now();
    const { status, sample, page: next } = JSON.parse(event.data);
    if (version !== null && version !== status.version) return location.reload(); // Another program, with another page.
    version = status.version;
    return steady(() => {
      charts.add(sample);
      show(next);
    });
  });
  events.addEventListener('error', (event) => {
    warn();
    if (event.target === events && events.readyState === EventSource.CLOSED) setTimeout(connect, again);
  });
}

document.getElementById('charts').hidden = false;
charts = new Charts(document.getElementById('grid'));
document.addEventListener('click', ({ target }) => {
  const { act, route } = target.closest('button[data-act]')?.dataset ?? {};
  if (act === undefined) return;
  if (act === 'pause' && !confirm(`Pause ${route}? Nothing of it is published until it is resumed.`)) return;
  change(act, route);
});
setInterval(() => {
  if (Date.now() - heard > silence) warn();
  if (Date.now() - heard > deaf) connect();
}, 1000);
connect();
