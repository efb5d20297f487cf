// Writes the values of a status for people: the same formats as in page_format.go, where a test holds the two together.
// All are pure; now is the status's time, as text.

const unit = '\u00a0'; // Between a number and its unit: no line ends there.

const fixed = (n, decimals) => {
  const scale = 10 ** decimals;
  const [whole, fraction] = (Math.floor(n * scale + 0.5) / scale).toFixed(decimals).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, '\u202f');
  return fraction ? `${grouped}.${fraction}` : grouped;
};

const optional = (format, none) => (v) => (v === null || v === undefined ? none : format(v));

const count = (n) => fixed(n, 0);

const rate = (n) => {
  if (n === 0) return '0';
  if (n < 1) return fixed(n, 2);
  return fixed(n, n < 100 ? 1 : 0);
};

const latency = (seconds) => {
  const ms = seconds * 1000;
  if (ms < 1) return `${fixed(ms, 2)}${unit}ms`;
  if (ms < 10) return `${fixed(ms, 1)}${unit}ms`;
  return ms < 1000 ? `${fixed(ms, 0)}${unit}ms` : `${fixed(seconds, 2)}${unit}s`;
};

const bytes = (n) => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let i = 0;
  for (; n >= 1024 && i < units.length - 1; i++) n /= 1024;
  return `${fixed(n, i === 0 || n >= 100 ? 0 : 1)}${unit}${units[i]}`;
};

const duration = (seconds) => {
  const s = Math.trunc(Math.max(0, seconds));
  const part = (n, of) => `${Math.floor(n)}${unit}${of}`;
  if (s < 60) return part(s, 's');
  if (s < 3600) return `${part(s / 60, 'min')} ${part(s % 60, 's')}`;
  if (s < 86400) return `${part(s / 3600, 'h')} ${part((s / 60) % 60, 'min')}`;
  return `${part(s / 86400, 'd')} ${part((s / 3600) % 24, 'h')}`;
};

const since = (t, now) => (Date.parse(now) - Date.parse(t)) / 1000;

const stamp = (t) => new Date(t).toISOString().slice(0, 19).replace('T', ' ');

const words = (s) => s.replaceAll('_', ' ');

const limitWords = new Map([
  ['', 'nothing'],
  ['order', 'order within topics'],
  ['backoff', 'waiting to try again'],
  ['key', 'API key'],
  ['nats', 'NATS'],
  ['cache', 'missing cache'],
  ['pause', "an operator's pause"],
  ['rejected', 'the endpoint, which rejects all'],
]);

const limit = (by) => limitWords.get(by) ?? words(by);

const limits = (routes) => [...new Set(routes.map((r) => limit(r.limited_by)))].filter((l) => l !== 'nothing').join(', ') || 'nothing';

const forecast = (routes) => {
  if (routes.some((r) => r.drain_seconds === null)) return 'never drained';
  const drain = Math.max(0, ...routes.map((r) => r.drain_seconds));
  return drain === 0 ? 'keeping up' : `drained in ${duration(drain)}`;
};

const perSecond = (scope, n) => `${scope === 'throughput' ? bytes(n) : rate(n)}/s`;

const expiry = (key, now) => {
  if (key.expires === null) return 'does not say when it expires';
  const left = -since(key.expires, now);
  const when = left > 0 ? `expires in ${duration(left)}` : `expired ${duration(-left)} ago`;
  return `${when}${key.vended ? ', replaced before' : ''} (${stamp(key.expires)})`;
};

export const formats = {
  text: (v) => `${v}`,
  words,
  count: (v) => count(v ?? 0),
  rate: optional(rate, 'no limit'),
  latency: optional(latency, '–'),
  bytes: optional(bytes, '–'),
  drain: optional((s) => (s === 0 ? 'keeps up' : duration(s)), 'never'),
  stamp,
  clock: (t) => stamp(t).slice(11),
  ago: (t, now) => `${duration(since(t, now))} ago`,
  since: (t, now) => duration(since(t, now)),
  whose: (route) => route || 'all',
  limit,
  limits,
  forecast,
  force: (q) => (q.rate === null ? 'no limit' : perSecond(q.scope, q.rate)),
  learned: (q) => (q.learned === 0 ? 'none met' : perSecond(q.scope, q.learned)),
  ready: (reasons) => (reasons.length === 0 ? 'yes' : `no: ${reasons.join('; ')}`),
  expiry,
};

const tones = new Map([
  ['publishing', 'good'], ['running', 'good'], ['idle', 'calm'], ['catching_up', 'busy'], ['draining', 'busy'], ['throttled', 'warn'],
  ['behind', 'warn'], ['stopping', 'warn'], ['key_expiring', 'warn'], ['warn', 'warn'], ['paused', 'held'],
]);

// tone says how a state, or a route, is to be taken, for colour and symbol.
export const tone = (of) => {
  if (of?.state === 'running' && of.reason !== '') return 'warn';
  return tones.get(of?.state ?? of) ?? 'bad';
};
