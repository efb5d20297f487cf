// Draws the plots of a report with uPlot. All numbers come from the two JSON elements of the page; what is computed here is only where they lie.
(() => {
  'use strict';

  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const report = read('report');
  const drawn = read('drawn');

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  const make = (tag, className, ...children) => {
    const el = document.createElement(tag);
    el.className = className;
    el.append(...children);
    return el;
  };

  // Numbers for people, as in package figure.
  const groups = (text) => text.replace(/^\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ' '));
  const significant = (v, digits) => {
    if (v === 0) return '0';
    const power = Number(v.toExponential(digits - 1).split('e')[1]);
    return groups(v.toFixed(Math.min(Math.max(0, digits - 1 - power), 12)));
  };
  const number = (v, digits) => {
    const text = significant(v, digits);
    return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  };
  const time = (s) => {
    if (s < 0.0009995) return `${(s * 1e6).toFixed(0)} us`;
    return s < 0.9995 ? `${significant(s * 1e3, 3)} ms` : `${significant(s, 3)} s`;
  };
  const percent = (v) => `${number(v * 100, 3)} %`;
  const clock = (s) => (s < 60 ? `${number(s, 3)} s` : `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, '0')}`);
  const quantile = (x) => `${number(100 - 100 / x, 3 + Math.floor(Math.log10(x)))} %`;

  // Lines are told apart by width or dashes too, not by colour alone.
  const styles = { plain: { width: 1.5 }, thick: { width: 2.25 }, thin: { width: 1 }, dashed: { width: 1.5, dash: [5, 4] } };

  const charts = [];

  // chart makes a plot inside the figure. lines are {name, stroke, style, x, y}; each may have its own x, and one of the same name before it, with which it
  // shares its place in the legend. format writes y, where writes x.
  const chart = (id, { lines, format, where, about, axes = {}, scales = {}, hooks = {}, keys = [], legendOf }) => {
    const figure = document.getElementById(id);
    if (!figure) return;
    const figures = lines.map(() => make('b', ''));
    const place = make('b', '');
    const entry = (name, stroke, style, ...rest) => {
      const key = make('span', `key ${style}`);
      key.dataset.stroke = stroke;
      return make('span', 'entry', key, `${name} `, ...rest);
    };
    const first = (l) => lines.find((o) => o.name === l.name) === l;
    const legend = lines.filter((l) => !l.silent && first(l)).map((l) => entry(l.name, l.stroke, l.style, figures[lines.indexOf(l)]));
    legend.unshift(make('span', 'entry', place));
    legend.push(...keys.map(([name, stroke, style]) => entry(name, stroke, style)));
    figure.querySelector('figcaption').append(make('p', 'legend', ...legend));
    const box = make('div', 'plot');
    box.role = 'img';
    box.ariaLabel = about;
    figure.querySelector('figcaption').after(box);
    figure.dataset.sums = JSON.stringify(lines.map((l) => [l.name, l.y.reduce((a, b) => a + b, 0)]));
    const last = (l) => (l.y.length ? format(l.y[l.y.length - 1]) : ''); // As the legend writes it.
    figure.dataset.last = JSON.stringify(lines.map((l) => [l.name, last(l)]));

    const axis = { stroke: () => colour('muted'), grid: { stroke: () => colour('line'), width: 1 }, ticks: { show: false }, font: '11px system-ui, sans-serif' };
    const wide = (text) => Math.max(0, ...(text ?? []).map((t) => (t ?? '').length)) * 6.3 + 12;
    const size = () => ({ width: Math.max(120, box.clientWidth), height: 220 });
    const show = (u) => {
      const { left } = u.cursor;
      const inside = left !== null && left >= 0;
      const x = inside ? u.posToVal(left, 'x') : Infinity;
      if (legendOf) { place.textContent = inside ? legendOf(x, u) : ''; return; }
      place.textContent = inside ? where(x) : '';
      const text = (l) => {
        const at = l.x.findLastIndex((v) => v <= x);
        return inside && at >= 0 ? format(l.y[at]) : '';
      };
      lines.forEach((l, i) => { figures[i].textContent = lines.filter((o) => o.name === l.name).map(text).join(' / '); });
      if (!inside) figures.forEach((f) => { f.textContent = ''; });
    };
    const u = new uPlot({
      ...size(),
      legend: { show: false },
      cursor: { drag: { x: true, y: false }, y: false, points: { show: false } },
      scales: { x: { time: false, ...scales.x }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1], ...scales.y } },
      axes: [
        { ...axis, size: 26, gap: 7, values: (_, splits) => splits.map((v) => (v === null ? '' : where(v))), ...axes.x },
        { ...axis, gap: 6, size: (_, text) => wide(text), space: 32, values: (_, splits) => splits.map((v) => (v === null ? '' : format(v))), ...axes.y },
      ],
      series: [{}, ...lines.map((l) => ({ stroke: () => colour(l.stroke), ...styles[l.style], points: { show: false }, spanGaps: true, ...(l.silent && { paths: () => null }) }))],
      hooks: { setCursor: [show], ...hooks },
    }, lines.length > 1 && lines.some((l) => l.x !== lines[0].x) ? uPlot.join(lines.map((l) => [l.x, l.y])) : [lines[0].x, ...lines.map((l) => l.y)], box);
    new ResizeObserver(() => u.setSize(size())).observe(box);
    charts.push({ u, size });
  };

  // Draws in the pixels of the canvas.
  const inPlot = (u, draw) => {
    const { ctx } = u;
    ctx.save();
    ctx.beginPath();
    const edge = 5 * devicePixelRatio; // A mark on an axis is whole.
    ctx.rect(u.bbox.left - edge, u.bbox.top - edge, u.bbox.width + 2 * edge, u.bbox.height + 2 * edge);
    ctx.clip();
    ctx.textAlign = 'left';
    ctx.textBaseline = 'top';
    ctx.lineWidth = devicePixelRatio;
    ctx.font = `${10 * devicePixelRatio}px system-ui, sans-serif`;
    draw(ctx, (v) => u.valToPos(v, 'x', true), (v) => u.valToPos(v, 'y', true));
    ctx.restore();
  };

  // phases writes the steps of the search above the plot, where there is room for the words.
  const phases = (u) => inPlot(u, (ctx, x) => {
    const free = [-Infinity, -Infinity]; // In two rows.
    ctx.strokeStyle = colour('muted');
    ctx.fillStyle = colour('muted');
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    for (const p of drawn.phases) {
      const at = x(p.from);
      ctx.globalAlpha = 0.6;
      ctx.beginPath();
      ctx.moveTo(at, u.bbox.top);
      ctx.lineTo(at, u.bbox.top + u.bbox.height);
      ctx.stroke();
      ctx.globalAlpha = 1;
      const text = at + 4 * devicePixelRatio;
      const row = free.findIndex((end) => text >= end);
      if (row < 0) continue;
      ctx.fillText(p.name, text, u.bbox.top + (2 + 12 * row) * devicePixelRatio);
      free[row] = text + ctx.measureText(`${p.name}  `).width;
    }
  });

  const seconds = () => {
    const x = report.seconds.map((s) => s.at);
    const of = (name, key, stroke, style) => ({ name, stroke, style, x, y: report.seconds.map((s) => s[key]) });
    const lines = [of('Offered', 'offered', 'in', 'plain'), of('Accepted', 'accepted', 'out', 'thick'), of('Refused', 'refused', 'refused', 'thin')];
    if (report.seconds.some((s) => s.failed)) lines.push(of('Failed', 'failed', 'other', 'dashed'));
    const incrs = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];
    chart('time', {
      lines, format: (v) => number(v, 4), where: clock, about: 'Publishes offered, accepted and refused in each second of the test',
      axes: { x: { incrs } }, scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.25)] } }, hooks: { draw: [phases] },
    });
  };

  const plateau = () => {
    if (report.plateau.length < 2) return;
    const x = report.plateau.map((p) => p.seconds);
    const lines = [{ name: 'Accepted', stroke: 'out', style: 'thick', x, y: report.plateau.map((p) => p.accepted) }];
    if (drawn.fit) lines.push({ name: drawn.fit.text, stroke: 'in', style: 'dashed', x, y: x.map((t) => drawn.fit.start + drawn.fit.rate * t) });
    chart('plateau', { lines, format: (v) => groups(v.toFixed(0)), where: clock, about: 'Publishes accepted in overload, cumulative, with the fitted line' });
  };

  const kindOf = (t) => (t.unfit ? 'unfit' : t.passed ? 'passed' : 'refused');
  const strokes = { passed: 'out', refused: 'refused', unfit: 'muted' };

  const mark = (ctx, kind, x, y) => {
    const r = 4 * devicePixelRatio;
    ctx.beginPath();
    if (kind === 'passed') ctx.arc(x, y, r * 0.9, 0, 2 * Math.PI);
    else if (kind === 'unfit') ctx.rect(x - r * 0.8, y - r * 0.8, r * 1.6, r * 1.6);
    else { ctx.moveTo(x, y - r); ctx.lineTo(x + r, y + r); ctx.lineTo(x - r, y + r); ctx.closePath(); }
    if (kind === 'unfit') ctx.stroke(); else ctx.fill();
  };

  // limits draws the clean and the failing rate, with their names where they do not touch.
  const limits = (u, ctx, x) => {
    ctx.strokeStyle = ctx.fillStyle = colour('muted');
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    const named = drawn.clean !== null && drawn.failing !== null && x(drawn.failing) - x(drawn.clean) > 20 * devicePixelRatio;
    for (const [name, v, align, side] of [['clean', drawn.clean, 'right', -1], ['failing', drawn.failing, 'left', 1]]) {
      if (v === null) continue;
      ctx.beginPath();
      ctx.moveTo(x(v), u.bbox.top);
      ctx.lineTo(x(v), u.bbox.top + u.bbox.height);
      ctx.stroke();
      ctx.textAlign = align;
      if (named) ctx.fillText(name, x(v) + side * 5 * devicePixelRatio, u.bbox.top);
    }
    ctx.setLineDash([]);
  };

  // trials draws each with its interval; the marks come last, on top of all bars. Those of one load stand side by side.
  const trials = (list) => (u) => inPlot(u, (ctx, place, y) => {
    limits(u, ctx, place);
    const same = list.map((t) => list.filter((o) => o.rate === t.rate));
    const at = list.map((t, i) => place(t.rate) + (same[i].indexOf(t) - (same[i].length - 1) / 2) * 7 * devicePixelRatio);
    list.forEach((t, i) => {
      const c = colour(strokes[kindOf(t)]);
      const cap = 3 * devicePixelRatio;
      ctx.strokeStyle = c;
      ctx.globalAlpha = 0.65;
      ctx.beginPath();
      ctx.moveTo(at[i], y(t.low));
      ctx.lineTo(at[i], y(t.high));
      for (const end of [t.low, t.high]) { ctx.moveTo(at[i] - cap, y(end)); ctx.lineTo(at[i] + cap, y(end)); }
      ctx.stroke();
    });
    ctx.globalAlpha = 1;
    list.forEach((t, i) => {
      ctx.strokeStyle = ctx.fillStyle = colour(strokes[kindOf(t)]);
      mark(ctx, kindOf(t), at[i], y(t.share));
    });
  });

  const load = (id, list, scales, about) => {
    if (!list.length) { document.getElementById(id)?.remove(); return; }
    const keys = [['Passed', 'out', 'dot'], ['Refused', 'refused', 'cross']];
    if (list.some((t) => t.unfit)) keys.push(['Not counted', 'muted', 'hollow']);
    const top = Math.max(...list.map((t) => t.high));
    chart(id, {
      lines: [{ name: 'Share', stroke: 'in', style: 'plain', silent: true, x: list.map((t) => t.rate), y: list.map((t) => t.share) }],
      format: percent, where: (v) => number(v, 4), about, keys, hooks: { draw: [trials(list)] },
      // Linear up to 0.1 %, then logarithmic: a trial that ended early has a wide interval, one that was held a narrow one.
      scales: { ...scales, y: { distr: 4, asinh: 0.001, range: [0, Math.min(1, top * 1.3)] } },
      axes: { x: { space: 60 }, y: { splits: () => [0, 0.001, 0.01, 0.1, 1].filter((v) => v <= top * 1.3), filter: (_, v) => v } },
      legendOf: (x, u) => {
        const near = list.reduce((a, b) => (Math.abs(u.valToPos(a.rate, 'x') - u.cursor.left) <= Math.abs(u.valToPos(b.rate, 'x') - u.cursor.left) ? a : b));
        return near.text;
      },
    });
  };

  const loads = () => {
    const all = drawn.shares;
    if (!all.length) return;
    load('load', all, { x: { distr: 3, range: [all[0].rate / 1.3, all[all.length - 1].rate * 1.3] } }, 'The share of refusals of each trial by its load, with intervals');
    if (!document.getElementById('near')) return;
    const low = drawn.clean ?? drawn.failing;
    const high = drawn.failing ?? drawn.clean;
    const margin = low === null ? 0 : Math.max(0.015 * high, 1.5 * (high - low));
    const near = all.filter((t) => low !== null && t.rate > low - margin && t.rate < high + margin);
    load('near', near, { x: { range: [low - margin, high + margin] } }, 'The share of refusals of the trials near the limit');
  };

  const colours = ['in', 'out', 'held', 'refused', 'other', 'muted'];

  const spectra = (id, list, about) => {
    const names = [...new Set(list.map((s) => s.name))];
    const lines = list.map((s) => {
      const points = s.points.filter((p) => p.share < 1);
      const stroke = colours[names.indexOf(s.name) % colours.length];
      const style = s.what === 'service' ? 'dashed' : 'plain';
      return { name: s.name, stroke, style, x: points.map((p) => 1 / (1 - p.share)), y: points.map((p) => p.seconds) };
    }).filter((l) => l.x.length > 1);
    if (!lines.length) { document.getElementById(id)?.remove(); return; }
    const end = Math.max(...lines.flatMap((l) => l.x));
    const splits = [1];
    while (splits[splits.length - 1] < end) splits.push(splits[splits.length - 1] * 10);
    const finer = [1, 2, 4, ...splits.slice(1)];
    const keys = lines.some((l) => l.style === 'dashed') ? [['service', 'muted', 'dashed']] : [];
    chart(id, {
      lines, format: time, where: quantile, about, keys, scales: { x: { distr: 3, range: [1, Math.max(10, end)] } },
      axes: { x: { splits: (u) => (u.width < 460 ? splits : finer).filter((v) => v <= end), filter: (_, v) => v } },
    });
  };

  const draw = () => {
    document.querySelector('.plots').classList.add('drawn');
    seconds();
    loads();
    plateau();
    spectra('spectra', drawn.spectra, 'Times by percentile');
    spectra('delay', drawn.delay, 'Send delay by percentile');
    const redraw = () => charts.forEach(({ u }) => u.redraw());
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
    // On paper there is one column, and the colours are the light ones.
    matchMedia('print').addEventListener('change', ({ matches }) => {
      charts.forEach(({ u, size }) => { u.setSize(matches ? { width: 680, height: 220 } : size()); u.redraw(); });
    });
    document.documentElement.dataset.drawn = charts.length;
  };

  addEventListener('error', (e) => { document.documentElement.dataset.error = e.message; });
  draw();
})();
