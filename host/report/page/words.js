// Numbers and names as the page writes them.

const num = n => Math.round(n).toLocaleString('en-US');
const many = (n, one, more = one + 's') => `${num(n)} ${n === 1 ? one : more}`;
function percent(part, whole) {
  if (!whole) return '–';
  const value = 100 * part / whole;
  return value.toFixed(value < 10 ? 1 : 0) + ' %';
}

/** Seconds as a person reads them. */
function duration(s) {
  if (s < 1e-2) return num(s * 1e6) + ' µs';
  if (s < 1) return (s * 1e3).toFixed(1) + ' ms';
  if (s < 300) return s.toFixed(3) + ' s';
  const minutes = Math.floor(s / 60);
  if (s < 3600) return `${minutes} min ${Math.round(s % 60)} s`;
  return `${Math.floor(s / 3600)} h ${minutes % 60} min`;
}
/** A time of the trace's clock. */
function clockText(time) {
  if (!hasTime) return '';
  return D.clock.per_second ? duration(time / D.clock.per_second) : `${num(time)} ticks`;
}
const eventText = event => `event ${num(event)}` + (hasTime ? ` (${clockText(timeOf(event))})` : '');

/** Whether a gap may have made figures too small, and the words that say so. */
const isLossy = D.found.gaps || D.found.damaged;
const atLeast = isLossy ? 'at least ' : '', orMore = isLossy ? ' or more' : '';
const orMoreFailed = D.found.suspected_failures ? '' : orMore; // some may not have failed
const never = isLossy ? 'not seen' : 'never';

/** A function's name without template arguments and parameters. */
const bare = frame => (frame[4] ?? frame[0]).replace(/\(.*\)( const)?$/, '');
/** Its class or last namespace and the name, where there is little room. */
const innermost = frame => bare(frame).split('::').slice(-2).join('::');
const where = frame => frame[1] ? `${frame[1]}:${frame[2]}` : '';
/** A stack in a line: who asked, and who called it. */
function stackLine(node) {
  const frames = stackOf(node).reverse(), own = frames.find(f => !f[3]) || frames[0];
  const caller = frames[frames.indexOf(own) + 1];
  return { own: bare(own), where: where(own), caller: caller ? bare(caller) : '' };
}
function inWords(node) {
  const line = stackLine(node);
  return line.own + (line.where ? ` (${line.where})` : '') + (line.caller ? `, called by ${line.caller}` : '');
}
const capital = text => text[0].toUpperCase() + text.slice(1);
/** a, b and c */
const listed = words => [words.slice(0, -1).join(', '), words[words.length - 1]].filter(Boolean).join(' and ');
