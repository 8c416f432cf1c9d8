// What a page is on paper: the sheets of a PDF by Chromium, and the page as it is laid out
// for one. Reads what Chromium's own writer (Skia) writes, no other PDF.
import assert from 'node:assert/strict';
import { inflateSync } from 'node:zlib';

/** What an A4 sheet leaves between its margins, 210 mm less twice 14 mm, in CSS pixels. */
export const SHEET_PX = 688;
/** Points of a pixel on paper, where nothing was shrunk: 72 / 96. */
const FULL = 0.75;

/** One stream of a PDF, by its object's number. */
function stream(pdf, number) {
  const at = pdf.indexOf(`\n${number} 0 obj`);
  const begin = pdf.indexOf('stream\n', at) + 'stream\n'.length;
  const head = pdf.slice(at, begin);
  const length = Number(/\/Length (\d+)/.exec(head)?.[1]);
  const bytes = Buffer.from(pdf.slice(begin, begin + length), 'latin1');
  return (head.includes('/FlateDecode') ? inflateSync(bytes) : bytes).toString('latin1');
}

/** Each sheet: how much smaller than on the screen it is drawn, and how many letters it has. */
export async function sheets(page) {
  const bytes = await page.pdf({ format: 'A4', preferCSSPageSize: true });
  const pdf = bytes.toString('latin1');
  const all = [...pdf.matchAll(/\/Type \/Page\n[^]*?\/Contents (\d+) 0 R/g)];
  assert.ok(all.length, 'no sheet is found in the PDF');
  return all.map(([, number]) => {
    const drawn = stream(pdf, number);
    const scales = [...drawn.matchAll(/([\d.]+) 0 0 (-?[\d.]+) [-\d.]+ [-\d.]+ cm/g)];
    // The first is the sheet's, the second the page numbers', the third the page's.
    const [sheet, , content] = scales.map((m) => Number(m[1]));
    const letters = [...drawn.matchAll(/<([0-9A-F]+)> Tj/g)].map((m) => m[1].length / 4);
    return {
      scale: content === undefined ? 1 : (sheet * content) / FULL,
      letters: letters.reduce((sum, n) => sum + n, 0),
    };
  });
}

/** Does something with the page as it is laid out for a sheet, and leaves it as it was. */
export async function onPaper(page, act) {
  const size = page.viewportSize();
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: SHEET_PX, height: 1000 });
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
  try {
    return await act();
  } finally {
    await page.evaluate(() => dispatchEvent(new Event('afterprint')));
    await page.setViewportSize(size);
    await page.emulateMedia({ media: null });
  }
}

/** What is wrong with the page on paper, each in a few words. Runs in the page. */
export function amiss(width) {
  const wrong = [];
  const seen = (css) => [...document.querySelectorAll(css)].filter((e) => e.checkVisibility());
  const none = (css, what) => {
    for (const e of seen(css)) wrong.push(`${what}: ${e.outerHTML.slice(0, 80)}`);
  };
  // One pixel is what a rounded width may be more.
  const wide = document.documentElement.scrollWidth;
  if (wide > width + 1) wrong.push(`${wide} pixels wide: the sheet would be shrunk`);
  none('form:not(.letter, .on-paper)', 'a form');
  none('input[type=password], input[type=range], progress', 'a field');
  none('nav, .skip, aside.demo', 'a way elsewhere');
  none('button:not(.on-paper, td *), a.button, kbd', 'a button');
  none('.frame .map, section.map, .screen:not(.broken)', 'an empty frame');
  for (const d of seen('details:not(.guide)')) {
    const rest = [...d.children].filter((c) => c.tagName !== 'SUMMARY');
    if (rest.length && !rest.some((c) => c.checkVisibility())) {
      wrong.push(`folded: ${d.textContent.slice(0, 40)}`);
    }
  }
  // A word stands on one line; only what is no word, a hash or code, is parted.
  const range = document.createRange();
  for (const cell of seen('th, td, li > div')) {
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode;
      if (text.parentElement.closest('.hash, code, pre, .sr-only')) continue;
      for (const word of text.data.matchAll(/\p{L}{2,24}/gu)) {
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        const lines = new Set([...range.getClientRects()].map((r) => Math.round(r.top)));
        if (lines.size > 1) wrong.push(`a word cut in two: ${word[0]}`);
      }
    }
  }
  // Each time stands under its line, or is moved just inside the edge.
  for (const scrubber of seen('.scrubber')) {
    const box = scrubber.querySelector('.lanes > svg').getBoundingClientRect();
    const times = [...scrubber.querySelectorAll('[data-t]:is(span)')];
    const shown = times.filter((e) => e.checkVisibility());
    if (!shown.length) wrong.push('a timeline without times');
    for (const time of shown) {
      const r = time.getBoundingClientRect();
      const line = scrubber.querySelector(`line[data-t="${time.dataset.t}"]`);
      const off = Math.abs((r.left + r.right) / 2 - line.getBoundingClientRect().left);
      const edge = r.left - box.left < r.width / 2 || box.right - r.right < r.width / 2;
      if (off > (edge ? r.width : 2)) wrong.push(`${time.textContent.trim()} is off its line`);
      if (r.left < box.left - 1 || r.right > box.right + 1) wrong.push('a time is cut off');
    }
  }
  return wrong;
}
