// Every page, in three scripts, light and dark, wide and narrow: no axe violation, no breach of the
// CSP, no script error. The list is held against the routes in the sources.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readFileSync } from 'node:fs';
import { axe, CITY, COLOUR, DESK, launch, open, until } from './browser.mjs';
import { be, nameOf, PAGES, seed, show, unseed } from './pages.mjs';

let browser, context, page, faults, made;
before(async () => {
  browser = await launch();
  // Without motion nothing fades from one colour into the next while it is measured.
  context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce' });
  ({ page, faults } = await open(context));
  made = await seed(context, page);
});
after(async () => {
  if (made) await unseed(context, made);
  await browser?.close();
});

const source = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const found = (path, pattern) => [...source(path).matchAll(pattern)].map((m) => m[1]);

test('no page is left out of the list', () => {
  const room = (path, rest) => (rest ? `${path}/${rest}` : path);
  const known = [
    ...found('crates/register/src/square/mod.rs', /"(\/[^"*]*)"/g),
    ...found('crates/loggia/src/pages.rs', /^ {4}"(\/[^"*]+)",$/gm),
    ...found('web/src/App.svelte', /\{ path: '([^']+)'/g),
    ...found('web/src/rooms/audit/AuditRoom.svelte', /\{ path: '([^']+)'/g),
    ...found('web/src/rooms/evidence/Evidence.svelte', /rest === '([^']*)'/g).map((r) =>
      room('/evidence', r),
    ),
    ...found('web/src/rooms/ops/Ops.svelte', /param\('page'\) === '(\w+)'/g).map(
      (p) => `/ops?page=${p}`,
    ),
    '/evidence/{hash}',
    ...['{type}', '{type}/{id}', 'subscriptions', 'subscriptions/new', 'subscriptions/{id}'].map(
      (rest) => room('/data', rest),
    ),
    ...[1, 2, 3, 4].map((step) => `/evidence/new?step=${step}`),
  ];
  assert.ok(known.length > 30, `the sources name pages: ${known}`);
  // What answers a program, not a person, or only sends on.
  const pages = new Set(known);
  for (const other of ['/check/files', '/feed.rss', '/language']) {
    assert.ok(pages.delete(other), `${other} is no route any more`);
  }
  const listed = PAGES.filter((p) => !p.desk).map((p) => new URL(p.path, CITY));
  const isShown = (wanted) => {
    const { pathname, searchParams } = new URL(wanted, CITY);
    const shape = decodeURI(pathname).replace(/\{\w+\}/g, '[^/]+');
    return listed.some(
      (l) =>
        new RegExp(`^${shape}$`).test(decodeURI(l.pathname)) &&
        [...searchParams].every(([k, v]) => l.searchParams.get(k) === v),
    );
  };
  assert.deepEqual([...pages].filter((p) => !isShown(p)), []);
});

const DESK_SIZE = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
/** The width at which a script's pages are loaded; then they are made as wide as the other. */
const SCRIPTS = { en: [DESK_SIZE, PHONE], sr: [PHONE, DESK_SIZE], 'sr-Latn': [PHONE, DESK_SIZE] };

/** The four looks of one loaded page: two widths, each light and dark. */
async function looks(p, widths) {
  const wrong = [];
  for (const size of widths) {
    await page.setViewportSize(size);
    const wide = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    if (wide > 0) wrong.push(`${size.width} px: ${wide} px wider than the screen`);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await until(page, () => document.getAnimations().every((a) => a.playState !== 'running'));
      // In the dark nothing but colours is another.
      const found = await axe(page, colorScheme === 'dark' ? COLOUR : undefined);
      wrong.push(...found.map((v) => `${size.width} px, ${colorScheme}: ${v}`));
    }
    await page.emulateMedia({ colorScheme: 'light' });
  }
  return wrong.map((w) => `${nameOf(p)}, ${w}`);
}

for (const [lang, widths] of Object.entries(SCRIPTS)) {
  const name = `pages are clean in ${lang}: 1280 and 390 px, light and dark`;
  test(name, { timeout: 600_000 }, async () => {
    const wrong = [];
    for (const p of PAGES) {
      await page.setViewportSize(widths[0]);
      if (!p.desk) await be(context, p.as);
      await show(page, p, lang, made);
      const spoken = await page.evaluate(() => document.documentElement.lang);
      assert.equal(spoken, lang, nameOf(p));
      wrong.push(...(await looks(p, widths)));
    }
    assert.deepEqual(wrong, []);
    assert.deepEqual(faults, []);
  });
}

test('the strict CSP is on every page', async () => {
  for (const path of ['/', '/ask', '/ops', '/data', '/evidence', '/audit']) {
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
  await page.setViewportSize(DESK_SIZE);
  await page.emulateMedia({ colorScheme: 'light' });
  const wrong = [];
  for (const p of PAGES) {
    if (!p.desk) await be(context, p.as);
    await show(page, p, 'en', made);
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
      if (!at.seen) wrong.push(`${nameOf(p)}: no focus is seen on ${at.what}`);
    }
    if (reached.size < all) {
      const lost = await page.evaluate(
        (got) =>
          [...document.querySelectorAll('[data-stop]')]
            .filter((e) => !got.includes(e.dataset.stop))
            .map((e) => e.outerHTML.slice(0, 80)),
        [...reached],
      );
      wrong.push(`${nameOf(p)}: not reached: ${lost.join(' | ')}`);
    }
  }
  assert.deepEqual([...new Set(wrong)], []);
});
