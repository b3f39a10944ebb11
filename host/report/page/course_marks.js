// What is drawn on and behind the curve of live bytes: gaps, the heap's size, the peak, failures, the run before.

function hatch(ctx, x, y, w, h, ink) {
  const step = 7 * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, w, h);
  ctx.clip();
  ctx.strokeStyle = ink;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.beginPath();
  for (let i = x - h; i < x + w; i += step) {
    ctx.moveTo(i, y + h);
    ctx.lineTo(i + h, y);
  }
  ctx.stroke();
  ctx.restore();
}

/** The run before, behind this one, event for event. */
const beforeMost = D.before && unpack(D.before.max);
function drawBefore(u) {
  if (!D.before) return;
  const { ctx, bbox } = u, r = uPlot.pxRatio;
  ctx.save();
  ctx.strokeStyle = colour('other');
  ctx.lineWidth = 1.5 * r;
  ctx.beginPath();
  for (let i = 0; i < bbox.width; i++) {
    const from = Math.floor((eventAt(u.posToVal(i / r, 'x')) - 1) / D.before.per);
    const to = Math.max(from + 1, Math.floor((eventAt(u.posToVal((i + 1) / r, 'x')) - 1) / D.before.per));
    if (from >= beforeMost.length) break;
    const most = Math.max(...beforeMost.slice(from, to));
    ctx.lineTo(bbox.left + i, u.valToPos(most, 'y', true));
  }
  ctx.stroke();
  ctx.restore();
}

/** Puts labels on the picture; lower where another one is in the way. */
function labeller(ctx, r) {
  const taken = [];
  return (text, x, y, { ink = colour('soft'), right = false, bold = false } = {}) => {
    ctx.font = `${bold ? '600' : ''} ${12.5 * r}px system-ui, sans-serif`;
    const w = ctx.measureText(text).width, left = Math.max(0, Math.min(ctx.canvas.width - w, right ? x - w : x));
    const inTheWay = t => left < t.x + t.w + 6 * r && t.x < left + w + 6 * r && Math.abs(t.y - y) < 15 * r;
    while (taken.some(inTheWay)) y += 15 * r;
    taken.push({ x: left, y, w });
    ctx.textAlign = 'left';
    ctx.textBaseline = 'alphabetic';
    ctx.fillStyle = colour('paper');
    ctx.globalAlpha = .8;
    ctx.fillRect(left - 2 * r, y - 11 * r, w + 4 * r, 15 * r);
    ctx.globalAlpha = 1;
    ctx.fillStyle = ink;
    ctx.fillText(text, left, y);
  };
}

const heapSize = D.heap.size ?? D.heap.traced;
const heapInView = () => heapSize && heapSize < 1.5 * D.peak.bytes;
const yTop = () => Math.max(1, D.peak.bytes * 1.1, heapInView() ? heapSize * 1.06 : 0,
  D.before ? D.before.peak.bytes * 1.06 : 0);

function drawHeapSize(ctx, u, label, right, r) {
  const { left, top } = u.bbox;
  label('bytes live', 0, top - 7 * r);
  if (!heapSize) return;
  const text = `heap: ${num(heapSize)} bytes`, times = heapSize / D.peak.bytes;
  if (heapSize > u.scales.y.max) {
    const share = D.peak.bytes ? `, ${times < 10 ? times.toFixed(1) : num(times)} × the peak ↑` : '';
    label(text + share, right, top - 5 * r, { right: true });
    return;
  }
  const y = u.valToPos(heapSize, 'y', true);
  ctx.strokeStyle = colour('soft');
  ctx.lineWidth = r;
  ctx.setLineDash([5 * r, 4 * r]);
  ctx.beginPath();
  ctx.moveTo(left, y);
  ctx.lineTo(right, y);
  ctx.stroke();
  ctx.setLineDash([]);
  label(text, right, y - 4 * r, { right: true });
}

function drawPeak(ctx, u, label, r) {
  const { left, width } = u.bbox;
  const x = u.valToPos(xOf(D.peak.event), 'x', true), y = u.valToPos(D.peak.bytes, 'y', true);
  if (!D.peak.bytes || x < left - 1 || x > left + width + 1) return;
  ctx.fillStyle = colour('paper');
  ctx.strokeStyle = colour('ink');
  ctx.lineWidth = 2 * r;
  ctx.beginPath();
  ctx.arc(x, y, 4 * r, 0, 7);
  ctx.fill();
  ctx.stroke();
  const isRight = x > left + width / 2;
  label(`peak ${num(D.peak.bytes)}`, x + (isRight ? -8 : 8) * r, y - 7 * r,
    { ink: colour('ink'), right: isRight, bold: true });
}

function drawFailures(ctx, u, label, right, roomy, r) {
  const { top, height } = u.bbox;
  const seen = failureMarks.filter(f => f.event >= view[0] && f.event <= view[1]);
  const few = seen.length < 25;
  for (const f of seen) {
    const x = u.valToPos(xOf(f.event), 'x', true), atRight = x > right - 130 * r;
    ctx.strokeStyle = ctx.fillStyle = colour('fail');
    ctx.lineWidth = 1.5 * r;
    ctx.globalAlpha = few ? 1 : .5;
    ctx.beginPath();
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + (few ? height : 10 * r));
    ctx.stroke();
    ctx.globalAlpha = 1;
    if (!few) continue;
    ctx.beginPath();
    ctx.moveTo(x - 5 * r, top);
    ctx.lineTo(x + 5 * r, top);
    ctx.lineTo(x, top + 8 * r);
    ctx.fill();
    if (seen.length < 7 && roomy && f.size != null)
      label(`failed: ${f.more ? 'at least ' : ''}${num(f.size)} bytes`, x + (atRight ? -7 : 7) * r, top + 24 * r,
        { ink: colour('fail'), right: atRight, bold: true });
  }
}

/** From where to where a gap is on the axis. */
function gapSpan(g) {
  if (byTime) return [xOf(Math.max(1, g.event)), xOf(Math.min(D.events, g.event + 1))];
  return [g.place + 1, g.place + g.lost + 1];
}
const gapsInView = () => gaps.filter(g => g.event + 1 >= view[0] && g.event <= view[1]);

function drawGaps(ctx, u, label, roomy, r) {
  const { left, top, width, height } = u.bbox, seen = gapsInView();
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  const ends = seen.map(g => {
    const [from, to] = gapSpan(g).map(x => u.valToPos(x, 'x', true)), w = Math.max(3 * r, to - from);
    hatch(ctx, from, top, w, height, colour('other'));
    return from + w;
  });
  ctx.restore();
  if (seen.length < 7 && roomy)
    seen.forEach((g, i) => label(g.lost ? `gap: ${num(g.lost)} lost` : 'gap', ends[i] + 4 * r, top + 12 * r));
}

function annotate(u) {
  const { ctx, bbox } = u, r = uPlot.pxRatio, right = bbox.left + bbox.width;
  const label = labeller(ctx, r), roomy = bbox.width > 500 * r; // else the words above the picture must do
  ctx.save();
  drawGaps(ctx, u, label, roomy, r);
  drawHeapSize(ctx, u, label, right, r);
  drawPeak(ctx, u, label, r);
  if (D.before && roomy) {
    const x = u.valToPos(xOf(Math.min(D.events, D.before.peak.event)), 'x', true);
    if (x >= bbox.left && x <= right)
      label(`before: peak ${num(D.before.peak.bytes)}`, x, u.valToPos(D.before.peak.bytes, 'y', true) - 8 * r,
        { right: x > bbox.left + bbox.width / 2 });
  }
  drawFailures(ctx, u, label, right, roomy, r);
  if (chosen != null) {
    const x = u.valToPos(xOf(chosen), 'x', true);
    ctx.strokeStyle = colour('ink');
    ctx.lineWidth = r;
    ctx.setLineDash([2 * r, 3 * r]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
