// Live bytes over the run, drawn by uPlot, and the words above them; course_marks.js draws on top and behind.

let byTime = false, chosen = null, chart = null;
let view = [1, D.events]; // events in sight
let cursor = null;        // the event under the pointer

// ---- the axis ----------------------------------------------------------------------------------------------------
const perSecond = (D.clock && D.clock.per_second) || 1;
const xOf = event => byTime ? timeOf(event) / perSecond : placeOf(event);
const limits = () => byTime ? [0, D.duration / perSecond] : [1, placeOf(D.events + 1)];
const pointTimes = points.map(p => p.time);
function eventAt(x) {
  const event = byTime ? points[lastUpTo(pointTimes, x * perSecond)].event : Math.floor(eventOfPlace(x));
  return Math.min(D.events, Math.max(1, event));
}

/** Failed requests: [event, size] where each is known, else [first event of a column, how many] of it. */
const allFailuresKnown = D.failures.first.length === D.failures.count;
const failures = D.failures.first.map(f => ({ event: f[0] + 1, size: f[1], more: f[2] }));
const failureMarks = allFailuresKnown ? failures : D.failures.columns.map(([c]) => ({ event: c * D.per + 1 }));

/** uPlot's columns: a point for each of ours, none inside a gap. */
function drawnPoints() {
  const x = [], max = [], min = [];
  const add = (at, p) => {
    x.push(at);
    max.push(p ? p.max : null);
    min.push(p ? p.min : null);
  };
  const holes = byTime ? [] : gaps.filter(g => g.lost);
  let next = 0, last = null;
  points.forEach((p, i) => {
    const end = i + 1 < points.length ? points[i + 1].event : Infinity;
    if (next < holes.length && holes[next].event + 1 === p.event) add(holes[next++].place + 1, null);
    add(xOf(p.event), last = p);
    for (; next < holes.length && holes[next].event + 1 < end; next++) { // one inside the point's column
      const g = holes[next], isEnd = g.event >= D.events;
      add(g.place + 1, null);
      last = isEnd ? null : p;
      if (!isEnd) add(g.place + g.lost + 1, p);
    }
  });
  add(limits()[1], last);
  return [x, max, min];
}

// ---- the chart ---------------------------------------------------------------------------------------------------
/** Ticks at round event numbers, also where gaps have shifted them. */
function eventSplits(u, axis, min, max, step) {
  step = Math.max(1, step); // of a few events
  const first = Math.ceil(eventOfPlace(min) / step) * step, ticks = [];
  for (let e = Math.max(first, 0); placeOf(e) <= max; e += step) ticks.push(placeOf(e));
  return ticks;
}

/** In millions where all of them are. */
function axisNumber(event, places) {
  const inMillions = eventOfPlace(places[places.length - 1]) >= 1e7 && places.every(p => eventOfPlace(p) % 1e5 === 0);
  return inMillions ? `${event / 1e6}M` : num(event);
}

function drawCourse() {
  const box = $('live'), width = box.clientWidth, narrow = width < 600, left = gutter('g');
  const stepped = uPlot.paths.stepped({ align: 1 });
  const axis = {
    font: '12px system-ui, sans-serif', stroke: () => colour('soft'), grid: { stroke: () => colour('line'), width: 1 },
    ticks: { show: false },
  };
  const xAxis = byTime
    ? { values: (u, splits) => splits.map(v => D.clock.per_second ? `${v} s` : num(v)) }
    : { values: (u, splits) => splits.map((v, i) => (i ? '' : 'event ') + axisNumber(eventOfPlace(v), splits)),
      splits: eventSplits };
  if (chart) chart.destroy();
  chart = new uPlot({
    width, height: narrow ? 220 : 280, padding: [22, gutter('r'), 0, 0], legend: { show: false },
    scales: { x: { time: false, range: (u, from, to) => [from, to] }, y: { range: [0, yTop()] } },
    cursor: { y: false, x: false, points: { size: 7, fill: () => colour('held') }, drag: { x: true, y: false } },
    axes: [
      { ...axis, ...xAxis, size: 26, gap: 4, space: 90, grid: { show: false } },
      { ...axis, size: left, gap: 6, space: 45,
        values: (u, splits) => splits.map(v => narrow && v >= 1e3 ? v / 1e3 + 'k' : num(v)) },
    ],
    series: [
      {},
      { stroke: () => colour('held'), width: 1.25, paths: stepped, points: { show: false },
        fill: () => `color-mix(in srgb, ${colour('held')} 16%, transparent)` },
      { stroke: () => D.per === 1 ? 'transparent' : colour('held'), width: 1, paths: stepped,
        points: { show: false } },
    ],
    hooks: {
      drawAxes: [drawBefore], draw: [annotate],
      setScale: [(u, key) => key === 'x' && moved(u)],
      setCursor: [u => hover(u.cursor.left >= 0 ? u.posToVal(u.cursor.left, 'x') : null)],
    },
  }, drawnPoints(), box);
  chart.over.addEventListener('click', () => {
    if (!chart.select.width && chart.cursor.left >= 0) choose(eventAt(chart.posToVal(chart.cursor.left, 'x')));
  });
  const whole = view[0] <= 1 && view[1] >= D.events, [low, high] = limits();
  chart.setScale('x', whole ? { min: low, max: high } : { min: xOf(view[0]), max: xOf(view[1]) });
  box.setAttribute('aria-label', `Live bytes over ${byTime ? 'time' : 'events'}. ${$('h-course').textContent}. ` +
    'Arrow keys move the cursor, plus and minus zoom, P goes to the peak, F to the next failure, ' +
    'Enter shows who holds the heap there, Escape shows all.');
}

/** After a zoom or a shift. */
function moved(u) {
  const { min, max } = u.scales.x, [low, high] = limits(), whole = min <= low && max >= high;
  view = [eventAt(min), eventAt(max)];
  $('all').hidden = whole;
  say('window', whole ? 'Drag to zoom. Click to see who holds the heap there.'
    : `Events ${num(view[0])} to ${num(view[1])}`);
  const bar = $('over').firstChild;
  bar.style.left = 100 * (min - low) / (high - low) + '%';
  bar.style.width = 100 * (max - min) / (high - low) + '%';
  $('over').style.visibility = whole ? 'hidden' : '';
  drawStrips();
}

/** Shows the axis from a to b, as far as there is one. */
function zoom(a, b) {
  const [low, high] = limits(), least = (high - low) / Math.max(D.events / 8, 2);
  const width = Math.min(high - low, Math.max(least, b - a));
  const from = Math.max(low, Math.min(high - width, (a + b - width) / 2));
  chart.setScale('x', { min: from, max: from + width });
}

/** What is there, in words. */
function hover(x) {
  const hair = $('hair');
  hair.hidden = x == null;
  if (x == null) {
    cursor = null;
    say('at', '');
    return;
  }
  cursor = eventAt(x);
  hair.style.left = chart.over.offsetLeft + chart.valToPos(x, 'x') + 'px';
  if (!byTime && gaps.some(g => x > g.place + 1 && x < g.place + g.lost + 1)) {
    say('at', 'Events were lost here: not known');
    return;
  }
  const p = pointAt(cursor), bytes = p.min === p.max ? num(p.max) : `${num(p.min)} to ${num(p.max)}`;
  const time = hasTime ? `, ${clockText(timeOf(cursor))}` : '';
  const parts = [`Event ${num(cursor)}${time}: ${bytes} bytes live`];
  if (region) parts.push(`largest hole ${num(region.hole[Math.floor((cursor - 1) / region.per)])}`);
  const fullest = pools.map(q => ({ q, n: q.load[Math.floor((cursor - 1) / q.per)] }))
    .sort((a, b) => b.n / b.q.capacity - a.n / a.q.capacity)[0];
  if (fullest)
    parts.push(`fullest pool ${num(fullest.q.block)}, ${num(fullest.n)} of ${num(fullest.q.capacity)} blocks`);
  say('at', parts.join('; '));
}

/** Puts the cursor there, and shows that part. */
function go(x) {
  const { min, max } = chart.scales.x, [low, high] = limits(), to = Math.max(low, Math.min(high, x));
  if (to < min || to > max) zoom(to - (max - min) / 2, to + (max - min) / 2);
  chart.setCursor({ left: chart.valToPos(to, 'x'), top: 20 });
}
function goToPeak() { go(xOf(D.peak.event)); }
function goToFailure() {
  const next = failureMarks.find(f => cursor == null || f.event > cursor) || failureMarks[0];
  if (next) go(xOf(next.event));
}

function listenToCourse() {
  $('live').addEventListener('keydown', e => {
    const { min, max } = chart.scales.x, width = max - min, x = cursor == null ? (min + max) / 2 : xOf(cursor);
    const pixel = width / Math.max(1, chart.over.clientWidth), oneEvent = byTime ? 0 : 1;
    const step = Math.max(oneEvent, pixel * (e.shiftKey ? 40 : 4));
    const closer = () => zoom(x - width / 4, x + width / 4);
    const keys = {
      ArrowLeft: () => go(x - step), ArrowRight: () => go(x + step), Home: () => go(limits()[0]),
      End: () => go(limits()[1]), p: goToPeak, f: goToFailure, '+': closer, '=': closer,
      '-': () => zoom(x - width, x + width), Enter: () => choose(eventAt(x)), Escape: () => zoom(...limits()),
    };
    const act = keys[e.key.length === 1 ? e.key.toLowerCase() : e.key];
    if (!act || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    act();
  });
  $('all').onclick = () => zoom(...limits());
  $('to-peak').onclick = goToPeak;
  $('to-failure').hidden = !failureMarks.length;
  $('to-failure').onclick = goToFailure;
  $('axis').hidden = !hasTime;
  $('axis').onclick = () => {
    byTime = !byTime;
    $('axis').setAttribute('aria-pressed', byTime);
    drawCourse();
  };
  listenToBar();
}

/** The bar below the picture: drag the part in view. */
function listenToBar() {
  const over = $('over');
  let from = null;
  over.append(el('i'));
  over.onpointerdown = e => {
    from = { x: e.clientX, min: chart.scales.x.min, max: chart.scales.x.max };
    over.setPointerCapture(e.pointerId);
  };
  over.onpointermove = e => {
    if (!from) return;
    const [low, high] = limits(), by = (e.clientX - from.x) / over.clientWidth * (high - low);
    zoom(from.min + by, from.max + by);
  };
  over.onpointerup = () => { from = null; };
}

// ---- the words above it ------------------------------------------------------------------------------------------
function fullPools() {
  const full = pools.filter(p => p.max >= p.capacity).map(p => num(p.block)), fell = sum(pools.map(p => p.fell_over));
  const which = full.length > 6 ? `${full.length} pools were` : full.length > 1 ? `The pools of ${listed(full)} were`
    : `The pool of ${full[0]} was`;
  const words = full.length ? ` ${which} full at times (red).` : ` No pool was ${isLossy ? 'seen' : 'ever'} full.`;
  return words + (fell ? ` ${many(fell, 'request')}${orMore} found the first pool that fits full.` : '');
}

function reasonOf(size, alsoLarger) {
  if (!D.heap.ours) return '';
  if (region) return 'the region had no hole that large';
  const largest = Math.max(0, ...pools.map(p => p.block));
  if (size > largest) return `no pool has blocks that large (largest: ${num(largest)})`;
  return alsoLarger ? '' : 'every pool with blocks that large was full';
}

/** A sentence for each size of which a request failed. */
function sayFailures() {
  const shown = 8;
  for (const [size, count] of D.failures.by_size.slice(0, shown)) {
    const first = D.failures.first.find(f => f[1] === size);
    let text = `${many(count, 'request')}${orMoreFailed} of ${first && first[2] ? 'at least ' : ''}` +
      `${many(size, 'byte')} failed`;
    if (first) {
      const [event, , more, bytes, blocks, node, context] = first, reason = reasonOf(size, more);
      text += `${count > 1 ? ', the first' : ''} after event ${num(event)}, with ${num(bytes)} bytes in ` +
        `${many(blocks, 'block')} live` + (reason ? `: ${reason}` : '') +
        (node == null ? '' : `. It was asked for by ${inWords(node)}`) + (context ? `, in ${context}` : '');
    }
    $('failed').append(el('li', { text: text + '.' }));
  }
  const rest = D.failures.by_size.length - shown;
  if (rest > 0) $('failed').append(el('li', { text: `${many(rest, 'further size')} failed as well.` }));
  if (D.found.suspected_failures)
    $('failed').append(el('li', { text: `${num(D.found.suspected_failures)} of all these are suspected: damaged words ` +
      'can look like failed requests.' }));
}

/** The curve for those who cannot see it: some moments, the peak among them. */
function makeCourseTable() {
  const step = Math.max(1, Math.ceil(moments.length / 24));
  const events = moments.filter((event, i) => event && (i % step === 0 || event === D.peak.event));
  fillTable($('t-course'), ['After event', ...hasTime ? ['Time'] : [], 'Bytes live', ''],
    events.map(event => {
      const p = pointAt(event), bytes = p.min === p.max ? num(p.max) : `${num(p.min)} to ${num(p.max)}`;
      return [event, ...hasTime ? [clockText(timeOf(event))] : [], bytes, event === D.peak.event ? 'peak' : ''];
    }), [hasTime ? 3 : 2]);
}

function sayCourse() {
  say('h-course', D.peak.bytes
    ? `Peak: ${atLeast}${num(D.peak.bytes)} bytes in ${many(D.peak.blocks, 'block')} at ${eventText(D.peak.event)}`
    : 'Nothing was ever allocated');
  say('say-course', 'Live bytes' + (pools.length
    ? ', and below them how full each pool was: a strip that reaches its upper line is a pool with no block left.' +
      fullPools()
    : ' after each event.') + (D.failures.count ? ' A red line: a request failed.' : '') +
    (gaps.length ? ' Hatched: events were lost.' : '') + (D.before ? ` Grey: the run before, ${D.before.file}.` : ''));
  sayFailures();
}
