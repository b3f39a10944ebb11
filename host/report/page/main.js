// Puts the page together.

/** What the program did wrong, and what else there is to know of the trace: as `drone heap` says it. */
function makeRemarks() {
  const f = D.found, first = f.first_double_free && `, the first at event ${num(f.first_double_free.event)}: ` +
    f.first_double_free.block;
  const remark = (text, isBad) => $('remarks').append(el('li', { class: isBad ? 'bad' : '', text: text + '.' }));
  if (f.double_frees)
    remark(`${many(f.double_frees, 'block was', 'blocks were')} given back twice${first || ''}`, true);
  if (f.contradictions)
    remark(`${many(f.contradictions, 'block was', 'blocks were')} handed out while in use, as after a double free`,
      true);
  if (f.suspected_double_frees)
    remark(`${many(f.suspected_double_frees, 'double free')} suspected: lost or damaged words can look like that` +
      (f.double_frees ? '' : first || ''));
  if (f.freed_unknown)
    remark(`${many(f.freed_unknown, 'block was', 'blocks were')} given back that had been taken before the capture ` +
      'began, or in a gap');
  for (const notice of f.notices) remark(notice.replace(/\.$/, ''));
}

function makeHead() {
  document.title = `Heap of ${D.title}`;
  say('title', `Heap of ${D.title}`);
  const { gaps, lost_events: lost, damaged, dropped_by_target: dropped } = D.found;
  const loss = [
    gaps && (lost ? `${many(lost, 'event')} lost in ` : '') + many(gaps, 'gap') +
      (dropped ? ` (the target dropped ${num(dropped)})` : '') +
      ': what happened there is not known, and figures are what was seen.',
    damaged && `${many(damaged, 'record')} could not be read.`,
  ].filter(Boolean).join(' ');
  const time = hasTime ? ` in ${clockText(D.duration)} by ${D.clock.whose} clock` : '';
  say('about', `${many(D.events, 'event')}${time}, from ${D.file}. ` +
    (loss || (D.found.freed_unknown || D.found.contradictions ? 'Nothing was lost.'
      : 'Nothing was lost: every figure is exact.')));
  makeRemarks();
  const figure = (value, text, href, isBad) => $('figures').append(
    el('li', { class: isBad ? 'bad' : '' }, el('a', { href }, el('b', { text: value }), el('span', { text }))));
  const share = heapSize ? `, ${percent(D.peak.bytes, heapSize)} of the heap` : '';
  figure(num(D.peak.bytes), `bytes${orMore} at the peak${share}`, '#course');
  figure(num(D.end.bytes), `bytes ${never} given back, in ${many(D.end.blocks, 'block')}`, '#leaks');
  figure(num(D.failures.count), `${D.failures.count === 1 ? 'request' : 'requests'}${orMoreFailed} failed`, '#course',
    D.failures.count);
  if (saved != null)
    figure(num(Math.abs(saved)), `bytes ${saved >= 0 ? 'the suggested layout saves' : 'more it needs than today'}`,
      '#layout');
}

function makeSections() {
  sayCourse();
  makeCourseTable();
  makeStrips();
  makeHolderButtons();
  makeLeaks();
  makeContexts();
  saySizes();
  makeSizeTable();
  makeLayout();
  listenToCourse();
  listenToHolders();
  drawAll();
}

function drawAll() {
  if (!D.events) return;
  drawCourse();
  drawHolders();
  drawSizes();
  drawLayout();
}

makeHead();
say('foot', 'Made by drone heap report, drawn with uPlot. Everything is in this file; nothing is sent anywhere. ' +
  'Keys: in the first picture arrows, + and −, P, F, Enter, Esc; in the frames arrows, Enter, Esc.');
if (D.events) {
  makeSections();
} else {
  for (const part of document.querySelectorAll('section:not(#course), #course > :not(h2, .say), .skip'))
    part.hidden = true;
  say('h-course', 'The trace has no events');
  say('say-course', D.found.damaged ? 'Nothing in the file could be read as an event of a heap.'
    : 'The program asked for nothing while somebody listened, or its trace was not switched on.');
}

let queued = 0, drawnWidth = innerWidth;
addEventListener('resize', () => {
  if (innerWidth === drawnWidth) return;
  drawnWidth = innerWidth;
  cancelAnimationFrame(queued);
  queued = requestAnimationFrame(drawAll);
});
for (const media of ['(prefers-color-scheme: dark)', 'print']) matchMedia(media).addEventListener('change', drawAll);
addEventListener('beforeprint', drawAll);
