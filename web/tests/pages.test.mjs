// Every page, in three scripts, light and dark, wide and narrow: no axe violation, no CSP breach, no script error.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axe, become, CITY, DESK, launch, open, until } from './browser.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(async () => browser?.close());

const PAGES = [
  { path: '/', as: null },
  { path: '/cameras?q=kaivokatu', as: null },
  { path: '/cameras/1', as: null },
  { path: '/statistics', as: null },
  { path: '/check', as: null },
  { path: '/ask?camera=1', as: null },
  { path: '/complain?camera=1', as: null },
  { path: '/ops', as: null },
  { path: '/ops', as: 'o.saarinen' },
  { path: '/evidence', as: 'p.lindqvist' },
  { path: '/evidence/new?cameras=1', as: 'p.lindqvist' },
  { path: '/evidence/new?cameras=1&step=2', as: 'p.lindqvist' },
  { path: '/evidence/new?cameras=1&step=4', as: 'p.lindqvist' },
  { path: '/evidence/residents', as: 'm.niemi' },
  { path: '/evidence/holds', as: 'k.virtanen' },
  { path: '/evidence/holds/new', as: 'k.virtanen' },
  { path: '/evidence/duty', as: 'k.virtanen' },
  { path: '/audit/access', as: 'm.niemi' },
  { path: '/audit/access', as: 'o.saarinen' },
  { path: '/no/such/page', as: null },
  { path: '/audit?entry=0', as: null },
  { path: '/audit/unexplained?days=0', as: null },
  { path: '/audit/unexplained', as: 'm.niemi' },
  { path: '/audit/between', as: null },
  { path: '/audit/take', as: null },
  { path: '/parts', as: null },
];
const SETTINGS = [
  { lang: 'en', colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  { lang: 'sr', colorScheme: 'dark', viewport: { width: 390, height: 844 } },
  { lang: 'sr-Latn', colorScheme: 'light', viewport: { width: 390, height: 844 } },
  { lang: 'en', colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
];

for (const s of SETTINGS) {
  test(`pages are clean: ${s.lang}, ${s.colorScheme}, ${s.viewport.width} px`, { timeout: 240_000 }, async () => {
    const context = await browser.newContext({ viewport: s.viewport, colorScheme: s.colorScheme });
    const { page, faults } = await open(context);
    const wrong = [];
    const look = async (name) => {
      await until(page, () => !document.querySelector('[aria-busy]') && !!document.querySelector('h1'));
      await page.waitForTimeout(400);
      wrong.push(...(await axe(page)).map((v) => `${name} ${v}`));
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 0) wrong.push(`${name} is ${wide} px wider than the screen`);
    };
    for (const p of PAGES) {
      if (p.as) await become(page, p.as);
      await page.goto(`${CITY}${p.path}${p.path.includes('?') ? '&' : '?'}lang=${s.lang}`);
      await look(`${p.path} ${p.as ?? ''}`);
      assert.equal(await page.evaluate(() => document.documentElement.lang), s.lang);
    }
    await page.goto(`${DESK}/?lang=${s.lang}`);
    await look('desk');
    await context.close();
    assert.deepEqual(wrong, []);
    assert.deepEqual(faults, []);
  });
}

test('the strict CSP is on every page', async () => {
  for (const path of ['/', '/ask', '/ops', '/evidence', '/audit']) {
    const csp = (await fetch(`${CITY}${path}`)).headers.get('content-security-policy') ?? '';
    assert.match(csp, /default-src 'none'/);
    assert.doesNotMatch(csp, /unsafe|https?:|\*/);
  }
});

test('the demo says on every page that this machine holds all keys', async () => {
  const { page } = await open(await browser.newContext({ locale: 'en-GB' }));
  for (const url of [`${CITY}/`, `${CITY}/ops`, `${CITY}/evidence`, `${CITY}/audit`, `${DESK}/`]) {
    await page.goto(url);
    await until(page, () => document.body.textContent.includes('this machine holds everybody’s keys'));
  }
});

test('everything on every page is reached by the Tab key, and shows it', { timeout: 180_000 }, async () => {
  const context = await browser.newContext({
    locale: 'en-GB',
    viewport: { width: 1280, height: 900 },
  });
  const { page } = await open(context);
  const wrong = [];
  const desk = { path: 'desk', url: `${DESK}/?person=k.virtanen`, as: null };
  for (const p of [...PAGES, desk]) {
    if (p.as) await become(page, p.as);
    await page.goto(p.url ?? `${CITY}${p.path}`);
    const calm = () => !document.querySelector('[aria-busy]') && !!document.querySelector('h1');
    await until(page, calm);
    await page.waitForTimeout(600);
    const all = await page.evaluate(() => {
      const takes = 'a[href],button,input,select,textarea,summary,[tabindex]';
      const stops = [...document.querySelectorAll(takes)].filter(
        (e) =>
          e.tabIndex >= 0 &&
          !e.disabled &&
          e.checkVisibility({ visibilityProperty: true }) &&
          // A group of radio buttons is one stop.
          !(e.type === 'radio' && !e.checked),
      );
      stops.forEach((e, i) => (e.dataset.stop = i));
      return stops.length;
    });
    const reached = new Set();
    for (let i = 0; i < all * 6 && reached.size < all; i += 1) {
      await page.keyboard.press('Tab');
      const at = await page.evaluate(() => {
        const e = document.activeElement;
        const s = getComputedStyle(e);
        const seen = s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0;
        return { stop: e.dataset?.stop, seen, what: e.outerHTML.slice(0, 80) };
      });
      if (at.stop === undefined) continue;
      reached.add(at.stop);
      if (!at.seen) wrong.push(`${p.path}: no focus is seen on ${at.what}`);
    }
    if (reached.size < all) {
      const lost = await page.evaluate(
        (got) =>
          [...document.querySelectorAll('[data-stop]')]
            .filter((e) => !got.includes(e.dataset.stop))
            .map((e) => e.outerHTML.slice(0, 80)),
        [...reached],
      );
      wrong.push(`${p.path}: not reached: ${lost.join(' | ')}`);
    }
  }
  await context.close();
  assert.deepEqual([...new Set(wrong)], []);
});
