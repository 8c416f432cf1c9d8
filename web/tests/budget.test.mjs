// What each first view brings over the wire, gzip, before the map; and that nothing on it jumps.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { become, CITY, DESK, launch, open, until } from './browser.mjs';
import { AIR, airId, entityPath, town } from './town.mjs';

let browser;
before(async () => {
  browser = await launch();
  await town();
});
after(async () => browser?.close());

/** Most bytes of pages, scripts, styles and fonts. A room that outgrows its limit is looked into. */
const FIRST_VIEWS = [
  { path: '/', most: 100_000 },
  { path: '/ask?camera=1', most: 100_000 },
  { path: '/ops', as: 'o.saarinen', most: 125_000 },
  { path: '/data', most: 170_000 },
  { path: `/data/${AIR}`, most: 180_000 },
  // With the chart, 24 kB.
  { path: entityPath(airId(1)), most: 200_000 },
  { path: '/evidence', as: 'p.lindqvist', most: 160_000 },
  { path: '/audit', most: 180_000 },
  { path: '/story', most: 150_000 },
  { url: `${DESK}/?person=k.virtanen`, path: 'desk', most: 150_000 },
];
/** Cumulative layout shift: web.dev calls 0.1 good. */
const SHIFT_MOST = 0.1;

for (const lang of ['en', 'sr', 'sr-Latn']) {
  test(`first views are small and stand still: ${lang}`, { timeout: 180_000 }, async () => {
    const wrong = [];
    for (const v of FIRST_VIEWS) {
      const { page } = await open(await browser.newContext({ locale: 'en-GB' }));
      if (v.as) await become(page, v.as);
      await page.addInitScript(() => {
        globalThis.shift = 0;
        const seen = (list) =>
          list.getEntries().forEach((e) => (globalThis.shift += e.hadRecentInput ? 0 : e.value));
        new PerformanceObserver(seen).observe({ type: 'layout-shift', buffered: true });
      });
      const sizes = new Map();
      const reading = [];
      const weigh = async (r) => {
        const { pathname } = new URL(r.url());
        const kind = r.headers()['content-type'] ?? '';
        if (!/html|javascript|css|woff2/.test(kind) || /map-|maplibre/.test(pathname)) return;
        const body = await r.body().catch(() => Buffer.alloc(0));
        sizes.set(pathname, pathname.endsWith('.woff2') ? body.length : gzipSync(body).length);
      };
      page.on('response', (r) => reading.push(weigh(r)));
      const url = v.url ?? `${CITY}${v.path}`;
      await page.goto(`${url}${url.includes('?') ? '&' : '?'}lang=${lang}`);
      const calm = () => !document.querySelector('[aria-busy]') && !!document.querySelector('h1');
      await until(page, calm);
      await page.waitForTimeout(1_000);
      await Promise.all(reading);
      const total = [...sizes.values()].reduce((a, b) => a + b, 0);
      const shift = await page.evaluate(() => globalThis.shift);
      console.log(`# ${lang} ${v.path}: ${total} bytes, layout shift ${shift.toFixed(3)}`);
      if (total > v.most) wrong.push(`${v.path}: ${total} bytes ${JSON.stringify([...sizes])}`);
      if (shift > SHIFT_MOST) wrong.push(`${v.path}: layout shift ${shift}`);
      await page.context().close();
    }
    assert.deepEqual(wrong, []);
  });
}
