// What was never given back, whether it grows; and who asked by context.

/** The bytes of a stack over the run. */
function sparkline(bytes) {
  const w = 120, h = 18, most = Math.max(1, ...bytes), last = Math.max(1, bytes.length - 1);
  const step = (v, i) => (i ? `H${(w * i / last).toFixed(1)}V` : 'M0 ') + (h - h * v / most).toFixed(1);
  return el('svg', { width: w, height: h + 1, 'aria-hidden': 'true' },
    el('path', { d: bytes.map(step).join('') + `H${w}`, fill: 'none', stroke: 'var(--held)', 'stroke-width': 1.25 }));
}

/** A stack in a line that opens to all of its frames. */
function stackElement(node) {
  const frames = stackOf(node).reverse(), line = stackLine(node);
  if (frames.length < 2 && !line.where) return el('span', { text: line.own });
  return el('details', {},
    el('summary', {}, line.own + ' ', el('code', { text: line.where }), line.caller ? ` ‹ ${line.caller}` : ''),
    ...frames.map(f => el('div', { class: 'mono', text: `${f[0]}  ${where(f)}` })));
}

function growthText(node) {
  const g = D.growing.find(one => one.node === node);
  if (!g) return '';
  const what = `${num(g.from)} to ${many(g.to, 'block')}`;
  return g.permanent ? `grows, meant to stay: ${what}` : `${g.certain ? 'grows' : 'seems to grow'}: ${what}`;
}

function makeLeaks() {
  const shown = 30, { groups, first } = D.leaks;
  if (!D.end.blocks && !D.growing.length) {
    say('h-leaks', `${capital(never)} given back: nothing`);
    say('say-leaks', D.found.gaps ? 'What was taken in a gap is not known.' : 'Every block was given back.');
    return;
  }
  const leaks = D.growing.filter(g => !g.permanent), uncertain = D.end.blocks - D.end.certain;
  say('h-leaks', `${capital(never)} given back: ${many(D.end.blocks, 'block')} of ${num(D.end.bytes)} bytes`);
  say('say-leaks', (leaks.length
    ? `${many(leaks.length, 'kind')} of blocks kept growing: look there first. `
    : 'Nothing kept growing. ') +
    (uncertain ? `${num(uncertain)} of them are not certain: they may have been given back in a gap, or where the ` +
      'trace has no check of its words any more. ' : '') +
    'The small curve is the bytes that were held, from the first event to the last.' +
    (groups > shown ? ` The ${shown} largest of ${num(groups)} are shown.` : ''));
  const missing = D.growing.filter(g => !first.slice(0, shown).some(row => row[0] === g.node));
  const rows = [...missing.map(g => [g.node, null, null, null, null, null]), ...first.slice(0, shown)];
  // A column that says nothing is left out.
  const columns = [
    [hasStacks ? 'Who asked' : 'Size', ([node]) => stackElement(node), true],
    ['Bytes', row => row[1]], ['Blocks', row => row[2]],
    ...uncertain ? [['Certain', row => row[3]]] : [],
    ['First taken', row => row[4] == null ? null : `event ${num(row[4])}`],
    ['Held over the run', ([node]) => sparkline(history.get(node) || []), true],
    ...D.growing.length ? [['Growth', ([node]) => growthText(node), true]] : [],
  ];
  fillTable($('t-leaks'), columns.map(c => c[0]), rows.map(row => columns.map(c => c[1](row))),
    columns.flatMap((c, i) => c[2] ? [i] : []));
}

function makeContexts() {
  if (!D.contexts) {
    $('contexts').hidden = true;
    return;
  }
  const all = sum(D.contexts.map(c => c[2])), [name, , count] = [...D.contexts].sort((a, b) => b[2] - a[2])[0];
  say('h-contexts', `Contexts: ${percent(count, all)} of the requests came from ${name}`);
  say('say-contexts', 'In which thread or exception memory was asked for, and what is held for it.');
  fillTable($('t-contexts'),
    ['Context', 'Bytes asked for', 'Allocations', 'Own peak', 'At the peak', 'At the end', 'Failed'], D.contexts, [0]);
}
