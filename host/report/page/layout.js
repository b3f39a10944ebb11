// Today's layout beside the suggested one, part by part, and pools against bytes.

const better = D.layout && D.layout.generated ? D.layout : null;
const partNames = ['held at the peak', 'lost inside blocks', 'in use at other times', 'never used'];
const suggestedNames = ['', '', 'in use at most', 'headroom'];
const partColours = ['held', 'lost', 'held-soft', 'free'];
const total = rows => sum(rows.map(row => row.bytes));

/** A pool, or the region, in four parts: bytes held at the peak, in use then, in use at most, in all. */
function layoutRow(name, capacity, held, used, most, bytes) {
  const inUse = Math.max(held, used), atMost = Math.max(inUse, most);
  return { name, capacity, bytes, parts: [held, inUse - held, atMost - inUse, Math.max(0, bytes - atMost)] };
}

/** What the heap has beside its pools and its region's blocks: the region's tags, or bytes in no pool. */
const besides = Math.max(0, (D.heap.traced || 0) - sum(pools.map(p => p.block * p.capacity)) -
  (region ? region.bytes : 0));

/** The heap that was traced; null where the trace does not say it. */
function todayRows() {
  if (region && region.arena) {
    const a = region.arena;
    return [{ name: 'heap', bytes: a.spread, parts: [a.live, a.overhead, 0, a.free] }];
  }
  const rows = pools.map(p => {
    const [blocks, bytes] = p.at_peak;
    return layoutRow(p.block, p.capacity, bytes, blocks * p.block, p.max * p.block, p.capacity * p.block);
  });
  if (region) {
    const held = D.peak.bytes - sum(pools.map(p => p.at_peak[1])), used = region.bytes - region.free_at_peak;
    rows.push(layoutRow('region', null, held, used + besides, region.peak_bytes + besides, region.bytes + besides));
  } else if (rows.length && besides) {
    rows.push({ name: 'rest', capacity: null, bytes: besides, parts: [0, 0, 0, besides] });
  }
  return rows.length ? rows : null;
}

/** What is suggested: the most blocks in use when the run is played again; what is held at the peak is not known. */
function betterRows() {
  const { pools: made, overflow } = better.generated;
  const rows = made.map((p, i) =>
    layoutRow(p.block, p.capacity, 0, 0, better.most[i] * p.block, p.capacity * p.block));
  if (overflow) rows.push(layoutRow('region', null, 0, 0, better.region_peak, overflow));
  return rows;
}

const today = todayRows(), suggested = better && betterRows();
const saved = better && today ? total(today) - better.generated.used : null;

function makeLayout() {
  if (!better) {
    say('h-layout', 'Layout: none is suggested');
    say('say-layout', D.layout ? `No layout was made: ${D.layout.problem}.` : '');
    for (const part of $('layout').querySelectorAll('#layouts, .two')) part.hidden = true;
    return;
  }
  const { used, optimal, lower_bound: bound, overflow, pools: made, replay } = better.generated;
  const shape = `${many(made.length, 'pool')}${overflow ? ' and a region' : ''}`, isOne = made.length === 1 && !overflow;
  say('h-layout', saved == null ? `Layout: ${num(used)} bytes in ${shape} hold this run`
    : saved >= 0 ? `Layout: ${num(saved)} bytes less, ${percent(saved, total(today))}, hold the same run`
      : `Layout: this run needs ${num(-saved)} bytes more`);
  const proof = overflow ? `, ${(used / D.peak.bytes).toFixed(2)} times the peak.`
    : optimal ? ', proved least without fall-over.' : `; no layout of so many pools needs less than ${num(bound)}.`;
  say('say-layout', (today ? `Today’s heap takes ${num(total(today))} bytes. ` : '') +
    `The suggested ${isOne ? 'pool needs' : `${shape} need`} ${num(used)}${proof} ` +
    (replay === 'ok'
      ? `${isOne ? 'It holds' : 'They hold'} this run, played again. What is beyond is headroom for other runs.`
      : `Played again, ${isOne ? 'it does' : 'they do'} not hold this run: make the heap larger.`) +
    (D.found.gaps ? ' What happened in gaps is not in it.' : ''));
  say('toml', better.toml);
  $('copy').onclick = () => navigator.clipboard.writeText(better.toml)
    .then(() => say('copied', 'Copied'), () => say('copied', 'Not allowed here: select the text'));
  makeCurve();
}

/** A bar of all parts, each with its words inside or below; returns its height. */
function drawWhole(svg, y, width, scale, title, rows, names) {
  const narrow = width < 600;
  svg.append(el('text', { x: 0, y, class: 'ink' }, title));
  let x = 0, floor = -10;
  partColours.forEach((fill, i) => {
    const bytes = sum(rows.map(row => row.parts[i])), w = bytes * scale;
    if (!bytes) return;
    svg.append(el('rect', { x, y: y + 6, width: Math.max(.5, w - 1), height: 26, fill: `var(--${fill})` },
      el('title', {}, `${num(bytes)} ${names[i]}`)));
    const text = narrow ? num(bytes) : `${num(bytes)} ${names[i]}`;
    if (w > text.length * 6.4) {
      svg.append(el('text', { x: x + 6, y: y + 23, style: `fill:var(--${i === 0 ? 'on-held' : 'ink'})` }, text));
    } else if (!narrow) {
      const at = Math.max(floor + 12, Math.min(x, width - text.length * 6.8));
      svg.append(el('text', { x: at, y: y + 47 }, text));
      floor = at + text.length * 6.8;
    }
    x += w;
  });
  return 72;
}

/** What the colours are, where there is no room for words. */
function drawKey(svg, y, width, names) {
  let x = 0;
  names.forEach((name, i) => {
    const w = name.length * 6.3 + 22;
    if (x + w > width) {
      x = 0;
      y += 18;
    }
    svg.append(el('rect', { x, y: y - 10, width: 10, height: 10, fill: `var(--${partColours[i]})` }),
      el('text', { x: x + 14, y }, name));
    x += w;
  });
  return y + 22;
}

/** A row a block size: today to the left, suggested to the right. */
function drawButterfly(svg, y, width) {
  const narrow = width < 600, middle = narrow ? 44 : 56, side = (width - middle) / 2, note = narrow ? 0 : 96;
  const names = [...new Set([...today, ...suggested].map(row => row.name))]
    .sort((a, b) => (typeof a === 'string') - (typeof b === 'string') || a - b);
  const scale = (side - note) / Math.max(...[...today, ...suggested].map(row => row.bytes));
  svg.append(el('text', { x: side - 8, y, 'text-anchor': 'end', class: 'ink b' }, 'Today'),
    el('text', { x: width / 2, y, 'text-anchor': 'middle' }, 'block'),
    el('text', { x: side + middle + 8, y, class: 'ink b' }, 'Suggested'));
  y += 8;
  for (const name of names) {
    const text = typeof name === 'number' ? num(name) : name;
    svg.append(el('text', { x: width / 2, y: y + 11, 'text-anchor': 'middle', class: 'ink' }, text));
    for (const [rows, way] of [[today, -1], [suggested, 1]]) {
      const row = rows.find(one => one.name === name), names = way < 0 ? partNames : suggestedNames;
      if (!row) continue;
      let x = way < 0 ? side : side + middle;
      row.parts.forEach((bytes, i) => {
        const w = bytes * scale;
        if (w > 0)
          svg.append(el('rect', { x: way < 0 ? x - w : x, y, width: w, height: 13, fill: `var(--${partColours[i]})` },
            el('title', {}, `${num(bytes)} bytes ${names[i]}`)));
        x += way * w;
      });
      const count = row.capacity == null ? `${num(row.bytes)} bytes` : `× ${num(row.capacity)}`;
      const anchor = way < 0 ? 'end' : 'start';
      if (!narrow) svg.append(el('text', { x: x + way * 5, y: y + 11, 'text-anchor': anchor }, count));
    }
    y += 17;
  }
  return y;
}

function drawLayout() {
  if (!better) return;
  const box = $('layouts'), width = box.clientWidth, foreign = region && region.arena;
  const { used, size } = better.generated;
  const scale = (width - 1) / Math.max(today ? total(today) : 0, total(suggested));
  const words = `${$('h-layout').textContent}. ${$('say-layout').textContent}`;
  const svg = el('svg', { width, role: 'img', 'aria-label': words });
  let y = 16;
  if (today)
    y += drawWhole(svg, y, width, scale, `Today: ${num(total(today))} bytes` +
      (pools.length ? ` in ${many(pools.length, 'pool')}` : ''), today,
    foreign ? [partNames[0], 'headers and rounding', '', 'free between blocks'] : partNames);
  const beyond = Math.max(0, size - used);
  const whole = [{ parts: [D.peak.bytes, 0, Math.max(0, used - D.peak.bytes), beyond] }];
  y += drawWhole(svg, y, width, scale, `Suggested: ${num(size)} bytes` +
    (beyond ? `, ${num(beyond)} of them headroom` : ''), whole,
  [partNames[0], '', 'lost, or in use at other times', 'headroom']);
  if (width < 600) y = drawKey(svg, y, width, partNames);
  if (today && !foreign) y = drawButterfly(svg, y, width);
  svg.setAttribute('height', y + 4);
  box.replaceChildren(svg);
  drawCurve();
}

// ---- pools against bytes -----------------------------------------------------------------------------------------
// Where far too few pools need a multiple of the rest, the rest would be a flat line.
const allCurve = better && better.curve;
const curve = allCurve && allCurve.filter(point => point[1] <= 4 * allCurve[allCurve.length - 1][1]);
/** The fewest pools within 3 % of the best. */
const nearBest = curve && (curve.find(point => point[1] <= 1.03 * curve[curve.length - 1][1]));

function makeCurve() {
  const hasCurve = curve && curve.length > 1 && curve[0][1] > curve[curve.length - 1][1]; // else one pool is as good
  $('curve').parentElement.hidden = !hasCurve;
  $('curve').closest('.two').classList.toggle('alone', !hasCurve);
  if (!hasCurve) return;
  const best = curve[curve.length - 1][1];
  say('h-curve', nearBest[1] === best ? `${many(nearBest[0], 'pool')} ${nearBest[0] === 1 ? 'needs' : 'need'} as ` +
    'little as any number' : `${many(nearBest[0], 'pool')} ${nearBest[0] === 1 ? 'is' : 'are'} within ` +
    `${percent(nearBest[1] - best, nearBest[1])} of the best`);
}

/** Round steps for an axis of so many units. */
function roundStep(range, steps) {
  const rough = range / steps, ten = 10 ** Math.floor(Math.log10(rough));
  return Math.max(1, [1, 2, 5, 10].find(k => k * ten >= rough) * ten);
}

function drawCurve() {
  if ($('curve').parentElement.hidden) return;
  const box = $('curve'), width = box.clientWidth, height = 190, left = 56;
  const least = Math.min(...curve.map(p => p[2])), high = Math.max(...curve.map(p => p[1]), least + 1);
  const low = least - .13 * (high - least); // for the words below the bound
  const first = curve[0][0], last = curve[curve.length - 1][0];
  const x = n => left + (width - left - 12) * (n - first) / (last - first);
  const y = bytes => 12 + (height - 40) * (high - bytes) / (high - low);
  const svg = el('svg', { width, height, role: 'img', 'aria-label': `Bytes needed by number of pools: ` +
    curve.map(p => `${p[0]}: ${num(p[1])}`).join(', ') });
  const step = roundStep(high - low, 4);
  for (let t = Math.ceil(low / step) * step; t <= high; t += step)
    svg.append(el('line', { x1: left, x2: width, y1: y(t), y2: y(t), stroke: 'var(--line)' }),
      el('text', { x: left - 6, y: y(t) + 4, 'text-anchor': 'end' }, num(t)));
  const path = i => curve.map((p, j) => `${j ? 'L' : 'M'}${x(p[0]).toFixed(1)} ${y(p[i]).toFixed(1)}`).join('');
  svg.append(el('path', { d: path(2), fill: 'none', stroke: 'var(--other)', 'stroke-dasharray': '4 3' }),
    el('path', { d: path(1), fill: 'none', stroke: 'var(--held)', 'stroke-width': 1.75 }),
    el('text', { x: x(last), y: y(curve[curve.length - 1][2]) + 14, 'text-anchor': 'end' },
      'no layout can do with less'));
  for (const p of curve) {
    const isSuggested = p[0] === better.generated.pools.length, isMarked = p === nearBest || isSuggested;
    svg.append(el('circle', { cx: x(p[0]), cy: y(p[1]), r: isMarked ? 4.5 : 2.5, fill: 'var(--held)' },
      el('title', {}, `${many(p[0], 'pool')}: ${num(p[1])} bytes`)));
    if (isMarked)
      svg.append(el('text', { x: x(p[0]), y: y(p[1]) - 10, class: 'ink b',
        'text-anchor': p[0] - first < 2 ? 'start' : last - p[0] < 2 ? 'end' : 'middle' },
      isSuggested ? 'suggested' : num(p[1])));
    if (p[0] % 4 === 0 || p === curve[0])
      svg.append(el('text', { x: x(p[0]), y: height - 8, 'text-anchor': 'middle' },
        p[0] + (p !== curve[0] ? '' : p[0] === 1 ? ' pool' : ' pools')));
  }
  box.replaceChildren(svg);
}
