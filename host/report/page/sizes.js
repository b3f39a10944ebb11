// What each pool boundary costs: sizes as bars, grouped by the pool that serves them; and the table of every size.

const ascending = [...D.pools].sort((a, b) => a.block - b.block);
const poolFor = size => ascending.find(p => p.block >= size);

/** Pools with the sizes that they are the smallest to serve: [size, most at one time, bytes lost]. */
const groups = ascending.map(pool => ({ pool, sizes: [], lost: 0 }));
for (const [size, most] of D.sizes) {
  const group = groups.find(g => g.pool.block >= size);
  if (!group) continue;
  const lost = (group.pool.block - size) * most;
  group.sizes.push({ size, most, lost });
  group.lost += lost;
}

function saySizes() {
  const all = sum(groups.map(g => g.lost)), worst = [...groups].sort((a, b) => b.lost - a.lost)[0];
  if (!groups.some(g => g.sizes.length)) {
    $('boundaries').hidden = true;
    return;
  }
  say('h-sizes', all ? `Sizes and pools: the pool of ${num(worst.pool.block)} loses most`
    : 'Sizes and pools: no byte is lost inside blocks');
  say('say-sizes', 'Each bar is one size, grouped by the pool that serves it. Upwards: the most blocks of that size ' +
    'at one time (square-root scale). Downwards: what they lose, because the pool’s block is larger.' +
    (all ? ` The pool of ${num(worst.pool.block)} loses ${num(worst.lost)} of ${num(all)} bytes.` : ''));
}

function drawSizes() {
  if ($('boundaries').hidden) return;
  const box = $('sizes'), width = box.clientWidth, left = gutter('g'), used = groups.filter(g => g.sizes.length);
  const worst = Math.max(0, ...used.flatMap(g => g.sizes.map(s => s.lost)));
  const up = 170, middle = 22, down = worst ? 90 : 0; // nothing hangs down where nothing is lost
  const height = up + middle + down + (worst ? 40 : 4);
  const gap = width < 600 ? 4 : 10, bars = sum(used.map(g => g.sizes.length));
  const bar = Math.max(.5, Math.min(64, (width - left - 4 - gap * used.length) / bars));
  const most = Math.max(1, ...D.sizes.map(s => s[1]));
  const yUp = blocks => up - (up - 26) * Math.sqrt(blocks / most);
  const yDown = bytes => up + middle + (down - 6) * bytes / worst;
  const svg = el('svg', { width, height, role: 'img', 'aria-label': $('say-sizes').textContent });

  let lastY = Infinity;
  for (const t of [1, 10, 50, 100, 250, 500, 1e3, 2500, 5e3, 1e4, 5e4, 1e5, 1e6, most].sort((a, b) => a - b)) {
    if (t > most || lastY - yUp(t) < 13 || t !== most && yUp(t) - yUp(most) < 13) continue;
    lastY = yUp(t);
    svg.append(el('line', { x1: left, x2: width, y1: lastY, y2: lastY, stroke: 'var(--line)' }),
      el('text', { x: left - 6, y: lastY + 4, 'text-anchor': 'end' }, num(t)));
  }
  svg.append(el('text', { x: left - 6, y: up + 17, 'text-anchor': 'end' }, 'pool'));
  if (worst) svg.append(el('text', { x: left - 6, y: up + middle + down - 2, 'text-anchor': 'end' }, num(worst)));

  let x = left + 4, labelled = -Infinity, noted = -Infinity;
  const all = sum(used.map(g => g.lost));
  for (const g of used) {
    const from = x;
    for (const s of g.sizes) {
      const tip = `${num(s.size)} bytes: at most ${many(s.most, 'block')}, ${many(s.lost, 'byte')} lost`;
      const box = (y, height, fill) => svg.append(
        el('rect', { x, y, width: Math.max(1, bar - 1), height, fill: `var(--${fill})` }, el('title', {}, tip)));
      box(yUp(s.most), up - yUp(s.most), 'held');
      if (s.lost) box(up + middle, yDown(s.lost) - up - middle, 'lost');
      x += bar;
    }
    svg.append(el('rect', { x: from, y: up + 1, width: Math.max(2, x - from - 1), height: 3, fill: 'var(--soft)' }));
    const centre = (from + x) / 2, name = num(g.pool.block), half = name.length * 3.6;
    if (centre - half > labelled + 4) {
      svg.append(el('text', { x: centre, y: up + 17, 'text-anchor': 'middle', class: 'ink' }, name));
      labelled = centre + half;
    }
    const note = `−${num(g.lost)}`, noteHalf = note.length * 3.6;
    if (g.lost > all * .03 && centre - noteHalf > noted + 4) {
      const below = Math.max(...g.sizes.map(s => yDown(s.lost))) + 13;
      const at = Math.min(centre, width - noteHalf);
      svg.append(el('text', { x: at, y: below, 'text-anchor': 'middle', class: 'ink b' }, note));
      noted = centre + noteHalf;
    }
    x += gap;
  }
  svg.append(el('text', { x: left, y: 10, class: 'b' }, 'most blocks at one time'));
  if (worst) svg.append(el('text', { x: left, y: height - 6, class: 'b' }, 'bytes lost inside the blocks'));
  box.replaceChildren(svg);
}

function makeSizeTable() {
  const worst = [...D.sizes].sort((a, b) => b[0] * b[3] - a[0] * a[3])[0];
  say('h-table', worst
    ? `Every size: blocks of ${num(worst[0])} hold most at the peak, ${num(worst[0] * worst[3])} bytes`
    : 'Every size: none was asked for');
  say('say-table', `${many(D.sizes.length, 'size')}: most at one time, allocations, at the peak` +
    (ascending.length ? ', pool' : ''));
  const withPools = ascending.length > 0;
  fillTable($('t-sizes'),
    ['Size', 'Most at one time', 'Allocations', 'Blocks at the peak', 'Bytes at the peak', 'Mean life, events',
      'Longest', ...withPools ? ['Pool', 'Lost a block'] : []],
    D.sizes.map(([size, most, total, atPeak, meanLife, longest]) => {
      const pool = poolFor(size);
      return [size, most, total, atPeak, atPeak * size, meanLife, longest,
        ...withPools ? [pool?.block, pool && pool.block - size] : []];
    }), []);
}
