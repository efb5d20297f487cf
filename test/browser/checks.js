// Each check returns what is wrong, as texts.

const channels = (colour) => {
  const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
  return { r, g, b, a };
};

const over = (top, below) => {
  const mix = (c) => top[c] * top.a + below[c] * (1 - top.a);
  return { r: mix('r'), g: mix('g'), b: mix('b'), a: 1 };
};

// behind is the colour that an element's text stands on.
const behind = (el) => {
  const layers = [];
  for (let e = el; e; e = e.parentElement) layers.push(channels(getComputedStyle(e).backgroundColor));
  return layers.reverse().reduce((below, top) => over(top, below), { r: 255, g: 255, b: 255, a: 1 });
};

const luminance = ({ r, g, b }) => {
  const linear = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
};

const contrast = (a, b) => {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
};

const visible = (el) => el.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && el.getClientRects().length > 0;

const name = (el) => `${el.tagName} ${el.className} "${el.textContent.trim().slice(0, 40)}"`;

// textContrast wants WCAG AA of all text, also of what stands before it, whatever its size.
function textContrast() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const wrong = [];
  let looked = 0;
  while (walker.nextNode()) {
    const el = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() === '' || !visible(el)) continue;
    looked++;
    for (const pseudo of [null, '::before']) {
      const ratio = contrast(over(channels(getComputedStyle(el, pseudo).color), behind(el)), behind(el));
      if (ratio < 4.5) wrong.push(`${name(el)}${pseudo ?? ''} has a contrast of ${ratio.toFixed(2)}`);
    }
  }
  if (looked < 100) wrong.push(`only ${looked} texts were looked at`);
  return wrong;
}

// toneContrast does so with each tone in turn wherever there is one.
function toneContrast() {
  const wrong = [];
  const toned = [...document.querySelectorAll('[data-tone]')];
  const before = toned.map((el) => el.dataset.tone);
  for (const tone of ['good', 'calm', 'busy', 'warn', 'bad', 'held']) {
    for (const el of toned) el.dataset.tone = tone;
    wrong.push(...textContrast().map((text) => `${tone}: ${text}`));
  }
  toned.forEach((el, i) => { el.dataset.tone = before[i]; });
  return wrong;
}

// lineContrast wants lines and what marks the focus to stand out from the page and the cards.
function lineContrast() {
  const style = getComputedStyle(document.documentElement);
  const probe = document.createElement('i');
  document.body.append(probe);
  const value = (property) => {
    probe.style.color = style.getPropertyValue(property);
    return channels(getComputedStyle(probe).color);
  };
  const wrong = [];
  for (const line of ['--in', '--out', '--refused', '--waiting', '--held', '--focus']) {
    for (const ground of ['--card', '--page']) {
      const ratio = contrast(value(line), value(ground));
      if (ratio < 3) wrong.push(`${line} on ${ground} has a contrast of ${ratio.toFixed(2)}`);
    }
  }
  probe.remove();
  return wrong;
}

// fits wants the page not to scroll sideways, and nothing to stand out of it or of its own box.
function fits() {
  const wrong = [];
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) wrong.push(`the page is ${document.documentElement.scrollWidth} wide in ${width}`);
  for (const el of document.body.querySelectorAll('*')) {
    if (!visible(el) || el.closest('.unseen, thead, .skip, .plot')) continue;
    const box = el.getBoundingClientRect();
    if (box.right > width + 0.5 || box.left < -0.5) wrong.push(`${name(el)} reaches from ${box.left} to ${box.right} in ${width}`);
    if (el.tagName === 'TD' && el.scrollWidth > el.clientWidth + 1) wrong.push(`${name(el)} is too narrow for what it holds`);
    const clipped = getComputedStyle(el).overflowX !== 'visible' && el.scrollWidth > el.clientWidth + 1;
    if (clipped) wrong.push(`${name(el)} is cut off`);
  }
  return wrong;
}

// fitsMany wants so of numbers that have become large.
function fitsMany() {
  for (const el of document.querySelectorAll('td.n[data-v]')) {
    el.textContent = ['received', 'settled.published', 'waiting'].includes(el.dataset.v) ? '1 234 567 890' : '123 456';
  }
  return fits();
}

// apart wants no two texts to overlap.
function apart() {
  const boxes = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const el = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() === '' || !visible(el) || el.closest('.unseen, .skip')) continue;
    if (el.closest('thead') && getComputedStyle(el.closest('thead')).position === 'absolute') continue; // Unseen, beside cards.
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    for (const box of range.getClientRects()) boxes.push({ el, box });
  }
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
  const wrong = [];
  boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => {
    if (a.el !== b.el && meet(a.box, b.box)) wrong.push(`${name(a.el)} and ${name(b.el)} overlap`);
  }));
  return wrong;
}

// drawn wants each chart to have pixels in the colour of each of the lines named, which are custom properties, in the order of the charts.
function drawn(lines) {
  const wrong = [];
  const canvases = [...document.querySelectorAll('canvas')];
  if (canvases.length !== lines.length) return [`there are ${canvases.length} charts`];
  canvases.forEach((canvas, i) => {
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    for (const line of lines[i]) {
      const hex = getComputedStyle(document.documentElement).getPropertyValue(line).trim();
      const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
      let pixels = 0;
      for (let p = 0; p < data.length; p += 4) {
        const near = Math.abs(data[p] - r) + Math.abs(data[p + 1] - g) + Math.abs(data[p + 2] - b) < 24;
        if (near && data[p + 3] > 100) pixels++;
      }
      if (pixels < 20) wrong.push(`chart ${i + 1} has ${pixels} pixels in ${line} (${hex})`);
    }
  });
  return wrong;
}

// structured wants what readers of screens go by.
function structured() {
  const wrong = [];
  const want = (ok, text) => ok || wrong.push(text);
  const all = (selector) => [...document.querySelectorAll(selector)];
  want(document.documentElement.lang === 'en', 'no language');
  want(all('h1').length === 1 && all('main').length === 1, 'not one h1 and one main');
  want(all('[role=status]').length >= 1, 'nothing that is read out when it changes');
  for (const table of all('table')) {
    want(table.caption?.textContent, 'a table without a caption');
    want([...table.querySelectorAll('th')].every((th) => th.scope), 'a th without a scope');
    want([...table.querySelectorAll('tbody tr')].every((tr) => tr.querySelector('th[scope=row]')), 'a row without a th');
  }
  for (const section of all('section')) want(document.getElementById(section.getAttribute('aria-labelledby')), 'a section without a name');
  for (const chart of all('.plot')) want(chart.role === 'img' && chart.ariaLabel, 'a chart without a text');
  const levels = all('h1,h2,h3').map((h) => +h.tagName[1]);
  want(levels.every((level, i) => i === 0 || level - levels[i - 1] <= 1), `headings: ${levels}`);
  return wrong;
}
