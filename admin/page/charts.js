// Draws the history with uPlot: four charts over the same time, with one cursor.
/* global uPlot */

const keep = 600; // Samples, one a second.

const precise = new Intl.NumberFormat('en', { maximumSignificantDigits: 3, maximumFractionDigits: 0, roundingPriority: 'morePrecision' });

// number writes what stands beside axes and lines: whole numbers in full, others with three digits, thousands apart as elsewhere on the page.
const number = (n) => precise.format(n).replaceAll(',', '\u202f');

const time = (seconds) => (seconds < 1 ? `${number(seconds * 1000)}\u00a0ms` : `${number(seconds)}\u00a0s`);

// Lines are told apart by their width or dashes too, not by colour alone. Colours are custom properties of the style sheet, which knows light and dark.
const styles = { plain: { width: 1.5 }, thick: { width: 2.25 }, thin: { width: 1 }, dashed: { width: 1.5, dash: [5, 4] } };

// whole are distances between marks of what is counted.
const whole = [1, 2, 5].flatMap((n) => Array.from({ length: 16 }, (_, i) => n * 10 ** i)).sort((a, b) => a - b);

const definitions = [
  {
    title: 'Messages per second', about: 'Messages in and out, and publishes refused, per second', format: number,
    lines: [['in', 'In', '--in', 'plain'], ['out', 'Out', '--out', 'thick'], ['refused', 'Refused', '--refused', 'thin']],
  },
  {
    title: 'Waiting', about: 'Messages that wait in all, and those of them that are held in memory', format: number, incrs: whole,
    lines: [['waiting', 'In all', '--waiting', 'thick'], ['queued', 'In memory', '--held', 'plain']],
  },
  {
    title: 'Rate in force', about: 'The rate in force and the learned ceiling, publishes per second', format: number,
    lines: [['rate', 'In force', '--in', 'thick'], ['learned', 'Learned ceiling', '--held', 'dashed']],
  },
  {
    title: 'Publish time', about: 'The time of a publish: median and 99th percentile', format: time, least: 0.001,
    lines: [['p50', 'Median', '--in', 'thick'], ['p99', '99 %', '--waiting', 'thin']],
  },
];

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const make = (tag, className, ...children) => {
  const el = document.createElement(tag);
  el.className = className;
  el.append(...children);
  return el;
};

// spans are how many seconds are drawn, with those between two marks. The span grows with the history, so that a short one does not hide at the edge.
const spans = [[60, 15], [120, 30], [300, 60], [keep, 120]];

const spanOf = (seconds) => spans.find(([span]) => span >= seconds) ?? spans[spans.length - 1];

const marks = (span) => Array.from({ length: span / spanOf(span)[1] + 1 }, (_, i) => i * spanOf(span)[1] - span);

const ago = (seconds) => {
  if (seconds === 0) return 'now';
  return seconds % 60 === 0 ? `−${-seconds / 60} min` : `−${-seconds} s`;
};

// mark writes a value beside the axis.
const mark = (format, v) => (v === 0 ? '0' : format(v));

// top is the end of the value axis: never 0, and whole where the values are small counts.
const top = (max, least) => (max > 0 ? Math.max(max * 1.1, least) : least);

// values prepares a line's samples: a ceiling of 0 is one that is not known.
const values = (samples, key) => samples.map((s) => (key === 'learned' && s[key] === 0 ? null : s[key]));

class Chart {
  constructor(grid, definition) {
    this.definition = definition;
    this.figures = definition.lines.map(() => make('b', ''));
    const legend = definition.lines.map(([, label, stroke, style], i) => {
      const key = make('span', `key ${stroke.slice(2)} ${style}`);
      return make('span', 'entry', key, `${label} `, this.figures[i]);
    });
    this.when = make('small', 'when');
    this.box = make('div', 'plot', this.when);
    this.box.role = 'img';
    this.box.ariaLabel = definition.about;
    grid.append(make('figure', '', make('figcaption', '', make('h3', '', definition.title), make('p', 'legend', ...legend)), this.box));
    this.plot = new uPlot(this.options(), [[], ...definition.lines.map(() => [])], this.box);
    new ResizeObserver(() => this.plot.setSize(this.size())).observe(this.box);
  }

  size() {
    return { width: Math.max(120, this.box.clientWidth), height: 150 };
  }

  options() {
    const { lines, format, incrs, least = 1 } = this.definition;
    const axis = { stroke: () => colour('--muted'), grid: { stroke: () => colour('--line'), width: 1 }, ticks: { show: false }, font: '11px system-ui, sans-serif' };
    const wide = (text) => Math.max(0, ...(text ?? []).map((t) => t.length)) * 6.5 + 12;
    return {
      ...this.size(),
      legend: { show: false },
      cursor: { sync: { key: 'history' }, drag: { x: false, y: false }, y: false, points: { size: 6 } },
      scales: { x: { time: false }, y: { range: (_, __, max) => [0, top(max, least)] } },
      axes: [
        { ...axis, size: 26, gap: 7, values: (_, splits) => splits.map(ago), splits: (_, __, min) => marks(-min) },
        { ...axis, gap: 6, size: (_, text) => wide(text), values: (_, splits) => splits.map((v) => mark(format, v)), space: 28, ...(incrs && { incrs }) },
      ],
      series: [{}, ...lines.map(([, , stroke, style]) => ({ stroke: () => colour(stroke), ...styles[style], points: { show: false } }))],
      hooks: { setCursor: [() => this.legend()] },
    };
  }

  draw(samples) {
    this.samples = samples;
    const last = samples.length ? samples[samples.length - 1].at : 0;
    const x = samples.map((s) => (s.at - last) / 1000);
    const data = [x, ...this.definition.lines.map(([key]) => values(samples, key))];
    this.plot.batch(() => {
      this.plot.setData(data, false);
      this.plot.setScale('x', { min: -spanOf(x.length ? -x[0] : 0)[0], max: 0 });
    });
    this.legend();
  }

  // legend shows the values under the cursor and of when they are, or else the latest.
  legend() {
    const { data, cursor } = this.plot;
    const i = cursor.idx ?? data[0].length - 1;
    this.when.textContent = cursor.idx === null || !this.samples?.[i] ? '' : `${new Date(this.samples[i].at).toISOString().slice(11, 19)} UTC`;
    this.definition.lines.forEach(([key], line) => {
      const v = data[line + 1][i] ?? null;
      this.figures[line].textContent = v === null ? { rate: 'no limit', learned: 'none met' }[key] ?? '–' : this.definition.format(v);
    });
  }
}

export class Charts {
  constructor(grid) {
    this.samples = [];
    this.charts = definitions.map((definition) => new Chart(grid, definition));
    const redraw = () => this.charts.forEach((c) => c.plot.redraw());
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
    document.addEventListener('visibilitychange', () => this.draw());
  }

  // reset replaces the history.
  reset(samples) {
    this.samples = [];
    samples.forEach((s) => this.take(s));
    this.draw();
  }

  // add continues it.
  add(sample) {
    this.take(sample);
    this.draw();
  }

  // take keeps a sample, in the order of time: one that is known already replaces itself, and what is later than it is from before the daemon's clock
  // was put back. Before the first there is one without a time.
  take(sample) {
    if (sample.at === 0) return;
    while (this.samples.length && this.samples[this.samples.length - 1].at >= sample.at) this.samples.pop();
    this.samples.push(sample);
    if (this.samples.length > keep) this.samples.shift();
  }

  draw() {
    if (!document.hidden) this.charts.forEach((c) => c.draw(this.samples));
  }
}
