// Puts the page together.

function makeHead() {
  document.title = `Heap of ${D.title}`;
  say('title', `Heap of ${D.title}`);
  const loss = [
    D.gaps_in_all && (D.lost ? `${many(D.lost, 'event')} lost in ` : '') +
      `${many(D.gaps_in_all, 'gap')}: what happened there is not known, and figures are what was seen.`,
    D.damaged && `${many(D.damaged, 'record')} could not be read.`,
  ].filter(Boolean).join(' ');
  const time = hasTime ? ` in ${clockText(D.duration)} by ${D.clock.whose} clock` : '';
  say('about', `${many(D.events, 'event')}${time}, from ${D.file}. ` +
    (loss || 'Nothing was lost: every figure is exact.'));
  const figure = (value, text, href, isBad) => $('figures').append(
    el('li', { class: isBad ? 'bad' : '' }, el('a', { href }, el('b', { text: value }), el('span', { text }))));
  figure(num(D.peak.bytes), 'bytes at the peak' + (heapSize ? `, ${percent(D.peak.bytes, heapSize)} of the heap` : ''),
    '#course');
  figure(num(D.end.bytes), `bytes never given back, in ${many(D.end.blocks, 'block')}`, '#leaks');
  figure(num(D.failures.count), D.failures.count === 1 ? 'request failed' : 'requests failed', '#course',
    D.failures.count);
  if (saved != null)
    figure(num(Math.abs(saved)), `bytes ${saved >= 0 ? 'the suggested layout saves' : 'more it needs than today'}`,
      '#layout');
}

function drawAll() {
  drawCourse();
  drawHolders();
  drawSizes();
  drawLayout();
}

makeHead();
sayCourse();
makeCourseTable();
makeStrips();
makeHolderButtons();
makeLeaks();
makeContexts();
saySizes();
makeSizeTable();
makeLayout();
say('foot', 'Made by drone heap report, drawn with uPlot. Everything is in this file; nothing is sent anywhere. ' +
  'Keys: in the first picture arrows, + and −, P, F, Enter, Esc; in the frames arrows, Enter, Esc.');
listenToCourse();
listenToHolders();
drawAll();

let queued = 0, drawnWidth = innerWidth;
addEventListener('resize', () => {
  if (innerWidth === drawnWidth) return;
  drawnWidth = innerWidth;
  cancelAnimationFrame(queued);
  queued = requestAnimationFrame(drawAll);
});
for (const media of ['(prefers-color-scheme: dark)', 'print']) matchMedia(media).addEventListener('change', drawAll);
addEventListener('beforeprint', drawAll);
