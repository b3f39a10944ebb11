// Elements of the page.

const $ = id => document.getElementById(id);
const say = (id, text) => { $(id).textContent = text; };
const colour = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
const gutter = name => parseFloat(colour(name));

const svgTags = new Set(['svg', 'g', 'rect', 'line', 'path', 'text', 'circle', 'title']);
/** An element with attributes, listeners (`onclick`), text and children. */
function el(tag, props = {}, ...children) {
  const e = svgTags.has(tag) ? document.createElementNS('http://www.w3.org/2000/svg', tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith('on')) e.addEventListener(name.slice(2), value);
    else if (name === 'text') e.textContent = value;
    else if (value != null && (value !== false || name.startsWith('aria-'))) e.setAttribute(name, value);
  }
  e.append(...children);
  return e;
}

/** A table: headings, and rows of cells; all but the columns in `left` are numbers. */
function fillTable(table, headings, rows, left) {
  const side = i => left.includes(i) ? '' : 'n';
  const heading = (text, i) => el('th', { scope: 'col', class: side(i), text });
  const cell = (content, i) => {
    const td = el('td', { class: side(i) });
    td.append(content instanceof Node ? content : typeof content === 'number' ? num(content) : content ?? '–');
    return td;
  };
  table.replaceChildren(
    el('thead', {}, el('tr', {}, ...headings.map(heading))),
    el('tbody', {}, ...rows.map(row => el('tr', {}, ...row.map(cell)))));
}

/** A canvas of so many CSS pixels, and its context in device pixels. */
function sized(canvas, width, height) {
  const r = devicePixelRatio;
  canvas.width = Math.round(width * r);
  canvas.height = Math.round(height * r);
  canvas.style.width = width + 'px';
  canvas.style.height = height + 'px';
  return canvas.getContext('2d');
}
