// The data of the page, as report/page/page_data.cpp writes it, and what follows from it.

const D = JSON.parse(document.getElementById('data').textContent);

/** Numbers as packed.cpp writes them: differences, zigzag, LEB128, base64. */
function unpack(text) {
  const bytes = atob(text), out = [];
  let last = 0;
  for (let i = 0; i < bytes.length;) {
    let zigzag = 0, unit = 1, byte;
    do {
      byte = bytes.charCodeAt(i++);
      zigzag += (byte & 127) * unit;
      unit *= 128;
    } while (byte > 127);
    last += zigzag % 2 ? -(zigzag + 1) / 2 : zigzag / 2;
    out.push(last);
  }
  return out;
}

/** The first index at which an ascending array is not below x. */
function lowerBound(array, x) {
  let low = 0, high = array.length;
  while (low < high) {
    const middle = low + high >> 1;
    if (array[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}
const lastUpTo = (array, x) => Math.max(0, lowerBound(array, x + 1) - 1);
const sum = list => list.reduce((a, b) => a + b, 0);

// Lost events keep their places on the axis: event e is at place e + what was lost before it.
const gaps = [];
{
  let before = 0;
  for (const [event, lost] of D.gaps) {
    gaps.push({ event, lost, place: event + before });
    before += lost;
  }
}
const gapEvents = gaps.map(g => g.event), gapPlaces = gaps.map(g => g.place);
function placeOf(event) {
  const g = gaps[lowerBound(gapEvents, event) - 1];
  return g ? event + g.place - g.event + g.lost : event;
}
function eventOfPlace(place) {
  const g = gaps[lowerBound(gapPlaces, place) - 1];
  if (!g) return place;
  return Math.max(g.event, place - (g.place - g.event + g.lost));
}

/**
 * The course of the run as points, a column or, in the close-ups, an event each: first event, least and most live
 * bytes, time.
 */
const points = (() => {
  const series = (data, first, per) => {
    const min = unpack(data.min), time = data.time ? unpack(data.time) : [];
    return unpack(data.max).map((max, i) => ({ event: first + i * per, min: min[i], max, time: time[i] ?? 0 }));
  };
  const columns = series({ ...D.live, time: D.time }, 1, D.per);
  let all = columns;
  for (const c of D.close) {
    const close = series(c, c.first, 1), end = c.first + close.length, next = columns[Math.floor((end - 1) / D.per)];
    all = [...all.filter(p => p.event < c.first || p.event >= end), ...close];
    if (next && next.event < end) all.push({ ...next, event: end }); // what is left of its column
  }
  return all.sort((a, b) => a.event - b.event);
})();
const pointEvents = points.map(p => p.event);
const pointAt = event => points[lastUpTo(pointEvents, event)];

const hasTime = D.clock !== null && D.duration > 0;
/** The clock at an event, in its own units. */
const timeOf = event => event >= D.events ? D.duration : pointAt(event).time;

const pools = D.pools.map(p => ({ ...p, load: unpack(p.load) }));
const region = D.region && {
  ...D.region, map: Uint8Array.from(atob(D.region.map), c => c.charCodeAt(0)), hole: unpack(D.region.hole),
  free: unpack(D.region.free),
};
const moments = unpack(D.holds.moments);
const history = new Map(D.holds.history.map(([node, bytes]) => [node, unpack(bytes)]));

/** Frames of a node, outermost first: [name, file, line, 1 where a library's, short name]. */
function stackOf(node) {
  const frames = [];
  for (let n = node; n >= 0; n = D.nodes[n][0]) frames.push(D.frames[D.nodes[n][1]]);
  return frames.reverse();
}
