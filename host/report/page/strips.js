// A strip for each pool, and the map of the region, on the axis of the live bytes.

const stripHeight = 18;

/** For each pixel column, the most that a series of columns of `per` events has there. */
function mostByPixel(width, series, per) {
  const { min, max } = chart.scales.x, out = new Float64Array(width);
  const column = x => (eventAt(x) - 1) / per;
  for (let i = 0; i < width; i++) {
    const from = Math.floor(column(min + (max - min) * i / width));
    const to = Math.max(from + 1, Math.ceil(column(min + (max - min) * (i + 1) / width)));
    for (let j = from; j < to && j < series.length; j++) out[i] = Math.max(out[i], series[j]);
  }
  return out;
}

function makeStrips() {
  if (pools.length) say('h-pools', 'Blocks in use, pool by pool');
  else $('h-pools').hidden = true;
  for (const p of pools) {
    const isFull = p.max >= p.capacity, load = `${num(p.max)} of ${num(p.capacity)}`;
    const most = atLeast || 'at most ';
    p.canvas = el('canvas', { role: 'img', 'aria-label': `Pool of ${num(p.block)}: ${most}${load} blocks` });
    const label = el('span', { text: num(p.block) }), seen = isLossy ? '≥ ' : '';
    $('pools').append(
      el('div', { class: 'strip' }, label, p.canvas, el('span', { text: seen + load, class: isFull ? 'full' : '' })));
  }
  if (region) makeRegion();
  const isPicture = e => e.target.tagName === 'CANVAS' && !e.target.closest('.uplot');
  $('shared').addEventListener('pointermove', e => isPicture(e) && chart.setCursor({ left: e.offsetX, top: 20 }));
  $('shared').addEventListener('pointerleave', () => chart.setCursor({ left: -10, top: -10 }));
  $('shared').addEventListener('click', e => isPicture(e) && cursor != null && choose(cursor));
}

function makeRegion() {
  const what = D.heap.ours ? 'region' : 'heap', free = D.heap.ours ? 'free' : 'not asked for';
  region.canvas = el('canvas', { role: 'img', 'aria-label': `The ${what}: addresses upwards, events along` });
  const tightest = Math.min(...region.hole);
  $('region').append(
    el('h3', { text: `The ${what} of ${num(region.bytes)} bytes: at the peak${isLossy ? ' that was seen' : ''}, ` +
      `the largest hole had ${num(region.hole_at_peak)} of ${num(region.free_at_peak)} bytes ${free}` }),
    el('div', { class: 'strip tall' }, el('span', { text: 'address' }), region.canvas,
      el('span', { class: 'wrap', text: `pale is ${free}; smallest largest hole: ${num(tightest)}` })));
  const a = region.arena;
  if (a) $('region').append(el('p', { class: 'say', text: `It spread over ${num(a.spread)} bytes, at event ` +
    `${num(a.event)}: ${num(a.live)} asked for, ${num(a.overhead)} in headers and rounding, ${num(a.free)} free in ` +
    `${many(a.holes, 'hole')}, the largest of ${num(a.largest_hole)}.` }));
}

const stripWidth = canvas => Math.max(10, canvas.parentElement.clientWidth - gutter('g') - gutter('r'));

/** Gaps and failures go through everything. */
function drawMarks(ctx, W, H) {
  const { min, max } = chart.scales.x, pixel = x => W * (x - min) / (max - min);
  for (const g of gapsInView()) {
    const [from, to] = gapSpan(g).map(pixel), w = Math.max(2, to - from);
    ctx.fillStyle = colour('paper');
    ctx.fillRect(from, 0, w, H);
    hatch(ctx, from, 0, w, H, colour('other'));
  }
  ctx.fillStyle = colour('fail');
  const seen = failureMarks.filter(f => f.event >= view[0] && f.event <= view[1]);
  if (seen.length < 25) for (const f of seen) ctx.fillRect(pixel(xOf(f.event)), 0, devicePixelRatio, H);
}

function drawPool(p, ink) {
  const ctx = sized(p.canvas, stripWidth(p.canvas), stripHeight), { width: W, height: H } = p.canvas;
  const most = mostByPixel(W, p.load, p.per), r = devicePixelRatio;
  ctx.fillStyle = ink.free;
  ctx.fillRect(0, 0, W, H);
  for (let i = 0, from = 0; i < W; i++) { // equal neighbours in one piece
    if (i + 1 < W && most[i + 1] === most[i]) continue;
    const part = most[i] / p.capacity;
    ctx.globalAlpha = .35 + .65 * Math.min(1, part);
    ctx.fillStyle = part >= 1 ? ink.fail : ink.held;
    if (part) ctx.fillRect(from, H - Math.max(r, part * H), i + 1 - from, H);
    from = i + 1;
  }
  ctx.globalAlpha = 1;
  ctx.fillStyle = ink.line;
  ctx.fillRect(0, 0, W, r);
  drawMarks(ctx, W, H);
}

/** Addresses upwards; the darker, the fuller that part was. */
function drawRegion() {
  const { canvas, map, rows, per } = region, columns = map.length * 2 / rows;
  const ctx = sized(canvas, stripWidth(canvas), 1.25 * rows), { width: W, height: H } = canvas, tall = H / rows;
  const { min, max } = chart.scales.x;
  ctx.fillStyle = colour('free');
  ctx.fillRect(0, 0, W, H);
  ctx.fillStyle = colour('held');
  const shade = (column, row) => {
    const byte = map[(column * rows + row) >> 1];
    return row % 2 ? byte & 15 : byte >> 4;
  };
  for (let i = 0; i < W; i++) {
    const column = Math.min(columns - 1, Math.floor((eventAt(min + (max - min) * i / W) - 1) / per));
    for (let row = 0, from = 0, was = 0; row <= rows; row++) { // runs of one shade
      const now = row < rows ? shade(column, row) : -1;
      if (now === was) continue;
      if (was > 0) {
        ctx.globalAlpha = was / 15;
        ctx.fillRect(i, H - row * tall, 1, (row - from) * tall);
      }
      from = row;
      was = now;
    }
  }
  ctx.globalAlpha = 1;
  drawMarks(ctx, W, H);
}

function drawStrips() {
  const ink = { held: colour('held'), free: colour('free'), fail: colour('fail'), line: colour('other') };
  for (const p of pools) drawPool(p, ink);
  if (region) drawRegion();
}
