// Who holds the heap: bars whose width is bytes, outermost functions on top.

const who = {
  moment: 'peak',   // 'peak', 'end', or an event
  library: false,   // frames of libraries, too
  upwards: false,   // the allocating function first
  folded: true,     // frames that hold the same bytes are one bar
  zoomed: null,     // the path of the bar that is as wide as the picture
};
const rowHeight = 23;
const hasStacks = D.holds.by === 'stack';
const frameNumber = new Map(D.frames.map((frame, i) => [frame, i]));

/** The moment nearest to an event at which it is known who held what. */
function nearestMoment(event) {
  const i = Math.min(moments.length - 1, lowerBound(moments, event));
  return i && event - moments[i - 1] < moments[i] - event ? i - 1 : i;
}
function holders() {
  if (who.moment === 'peak' || who.moment === 'end') return D.holds[who.moment];
  const i = nearestMoment(who.moment);
  return [...history].map(([node, bytes]) => [node, bytes[i], 0]).filter(h => h[1]);
}

/** The stacks of the moment as a tree of bars, and the bars by path. */
function holderTree() {
  const bar = (frame, up) => ({
    frames: frame ? [frame] : [], bytes: 0, blocks: 0, kids: new Map(), up,
    path: frame ? `${up.path}/${frameNumber.get(frame)}` : '',
  });
  const root = bar(null, null), paths = new Map();
  for (const [node, bytes, blocks] of holders()) {
    let frames = stackOf(node), at = root;
    if (!who.library && frames.some(f => !f[3])) frames = frames.filter(f => !f[3]);
    if (who.upwards) frames.reverse();
    root.bytes += bytes;
    root.blocks += blocks;
    for (const frame of frames) {
      if (!at.kids.has(frame)) at.kids.set(frame, bar(frame, at));
      at = at.kids.get(frame);
      at.bytes += bytes;
      at.blocks += blocks;
    }
  }
  (function fold(b, depth) {
    b.depth = depth;
    paths.set(b.path, b);
    let kids = [...b.kids.values()];
    while (who.folded && b !== root && kids.length === 1 && kids[0].bytes === b.bytes) {
      b.frames.push(...kids[0].frames);
      b.path = kids[0].path;
      paths.set(b.path, b);
      kids = [...kids[0].kids.values()];
    }
    b.kids = kids.sort((x, y) => y.bytes - x.bytes);
    for (const kid of b.kids) {
      kid.up = b;
      fold(kid, depth + 1);
    }
  })(root, 0);
  return { root, paths };
}

function barElement(b, root, top, x, width) {
  const isLibrary = b.frames.length > 0 && b.frames.every(f => f[3]);
  const all = b.frames.map(f => bare(f)).join(' › ') || 'everything', fits = all.length * 7 + 12 < width;
  const names = fits || b === root ? all : hasStacks ? b.frames.map(innermost).join(' › ') : all.replace(/\D+/g, '');
  const fill = b === root ? 'wash' : isLibrary ? 'lib' : 'f' + b.depth % 3;
  const e = el('div', {
    class: 'node' + (isLibrary ? ' lib' : ''), role: 'treeitem', 'aria-level': b.depth + 1,
    tabindex: b === top ? 0 : -1, 'aria-expanded': b.kids.length ? 'true' : null,
    'aria-label': `${b.frames.map(f => `${f[0]} ${where(f)}`).join(', ') || 'All of it'}: ` +
      `${num(b.bytes)} bytes, ${percent(b.bytes, root.bytes)}`,
    style: `left:${x}px;top:${b.depth * rowHeight}px;width:${Math.max(1, width - 1)}px;background:var(--${fill})`,
  });
  const figures = b === root ? `${num(b.bytes)} bytes` + (b.blocks ? ` in ${many(b.blocks, 'block')}` : '')
    : `${num(b.bytes)} · ${percent(b.bytes, root.bytes)}`;
  if (width > 26) e.append(el('span', { text: names }));
  else e.style.padding = 0;
  if (names.length * 7 + figures.length * 6.5 + 24 < width) e.append(el('small', { text: figures }));
  e.bar = b;
  b.el = e;
  return e;
}

/** Bars that are too narrow to be drawn, as one. */
function restElement(bars, depth, x, width) {
  const text = `${num(bars.length)} smaller`;
  return el('div', { class: 'rest', title: `${text}: ${num(sum(bars.map(b => b.bytes)))} bytes`,
    style: `left:${x}px;top:${depth * rowHeight}px;width:${Math.max(1, width - 1)}px`, text: width > 80 ? text : '' });
}

function drawHolders(focusPath = null) {
  const box = $('icicle'), width = box.clientWidth, { root, paths } = holderTree();
  const top = paths.get(who.zoomed) || root;
  let deepest = 0;
  const draw = (b, x, w) => {
    deepest = Math.max(deepest, b.depth);
    box.append(barElement(b, root, top, x, w));
  };
  box.replaceChildren();
  for (let b = top.up; b; b = b.up) draw(b, 0, width);
  (function place(b, x, w) {
    draw(b, x, w);
    const wide = bytes => b.bytes ? w * bytes / b.bytes : 0;
    let i = 0;
    for (; i < b.kids.length && wide(b.kids[i].bytes) >= 2.5; i++) {
      place(b.kids[i], x, wide(b.kids[i].bytes));
      x += wide(b.kids[i].bytes);
    }
    const rest = b.kids.slice(i), restWide = wide(sum(rest.map(kid => kid.bytes)));
    if (restWide < 2.5) return;
    deepest = Math.max(deepest, b.depth + 1);
    box.append(restElement(rest, b.depth + 1, x, restWide));
  })(top, 0, width);
  box.style.height = (deepest + 1) * rowHeight + 'px';
  const focused = focusPath != null && paths.get(focusPath);
  if (focused && focused.el) focused.el.focus({ preventScroll: true });
  tellBar(top);
  sayHolders(root);
}

function momentText() {
  if (who.moment === 'peak') return `at the peak, ${eventText(D.peak.event)}`;
  if (who.moment === 'end') return 'at the end';
  return `after ${eventText(moments[nearestMoment(who.moment)])}`;
}

function sayHolders(root) {
  say('h-who', `Who holds ${atLeast || 'the '}${num(root.bytes)} bytes ${momentText()}`);
  if (!hasStacks) {
    const largest = root.kids[0];
    say('say-who', (largest ? `${percent(largest.bytes, root.bytes)} are ${largest.frames[0][0]}. ` : '') +
      'This trace does not say who asked, so a bar is a size. ' +
      (D.found.format === 'native' ? 'With trace_callers in heap_options the next one shows the lines.' : ''));
    return;
  }
  let most = root;
  while (most.kids.length && most.kids[0].bytes >= .5 * root.bytes) most = most.kids[0];
  const frame = most.frames[who.upwards ? 0 : most.frames.length - 1], place = frame && where(frame);
  const finding = frame ? `${percent(most.bytes, root.bytes)} are held through ${bare(frame)}` +
    `${place ? ` (${place})` : ''}. ` : '';
  say('say-who', finding + 'Width is bytes held. Click a bar to look into it, a bar above it to go back.');
}

/** All of a bar in words. */
function tellBar(b) {
  $('frame').replaceChildren(el('b', { text: `${num(b.bytes)} bytes` }),
    (b.blocks ? ` in ${many(b.blocks, 'block')}` : '') + (b.frames.length && hasStacks ? ' held through ' : ' '));
  b.frames.forEach((f, i) => $('frame').append(i ? ' › ' : '', f[0] + ' ', el('code', { text: where(f) })));
}

/** Shows who holds the heap at an event. */
function choose(event) {
  chosen = Math.round(event);
  who.moment = chosen;
  who.zoomed = null;
  makeHolderButtons();
  drawHolders();
  chart.redraw();
}

function makeHolderButtons() {
  const box = $('tools-who');
  const button = (text, isOn, act) => box.append(el('button', { text, 'aria-pressed': isOn, onclick: () => {
    act();
    who.zoomed = null;
    makeHolderButtons();
    drawHolders();
    [...box.children].find(b => b.textContent === text)?.focus();
  } }));
  box.replaceChildren();
  button('At the peak', who.moment === 'peak', () => { who.moment = 'peak'; });
  button('At the end', who.moment === 'end', () => { who.moment = 'end'; });
  if (chosen != null)
    button(`After event ${num(moments[nearestMoment(chosen)])}`, who.moment === chosen, () => { who.moment = chosen; });
  if (!hasStacks) return;
  button('Allocating function first', who.upwards, () => { who.upwards = !who.upwards; });
  button('Every frame on its own', !who.folded, () => { who.folded = !who.folded; });
  if (D.frames.some(f => f[3])) button('Show library frames', who.library, () => { who.library = !who.library; });
}

function listenToHolders() {
  const icicle = $('icicle'), barOf = e => e.target.closest('.node')?.bar;
  icicle.addEventListener('click', e => {
    const b = barOf(e);
    if (!b) return;
    who.zoomed = b.path;
    drawHolders(b.path);
  });
  for (const type of ['pointerover', 'focusin'])
    icicle.addEventListener(type, e => { if (barOf(e)) tellBar(barOf(e)); });
  icicle.addEventListener('keydown', e => {
    const b = document.activeElement.bar;
    if (!b) return;
    const shown = bars => bars.filter(k => k.el), row = b.up ? shown(b.up.kids) : [b], i = row.indexOf(b);
    const to = { ArrowDown: shown(b.kids)[0], ArrowUp: b.up, ArrowRight: row[i + 1], ArrowLeft: row[i - 1] }[e.key];
    if (to && to.el) {
      to.el.focus();
      e.preventDefault();
    }
    if (e.key === 'Enter' || e.key === ' ') {
      who.zoomed = b.path;
      drawHolders(b.path);
      e.preventDefault();
    }
    if (e.key === 'Escape') {
      who.zoomed = null;
      drawHolders('');
    }
  });
}
