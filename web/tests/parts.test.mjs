// Visual regression: every section of the component page at two widths, light and dark, against
// the pictures in tests/shots/. UPDATE_SHOTS=1 writes them anew; a failure leaves the new picture
// and the difference in a folder and names it.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import pixelmatch from 'pixelmatch';
import { PNG } from 'pngjs';
import { axe, CITY, launch, open, until } from './browser.mjs';

const SHOTS = fileURLToPath(new URL('./shots/', import.meta.url));
const UPDATE = process.env.UPDATE_SHOTS === '1';
/** How far a pixel's colour may be off before it counts: smoothing of letters stays below. */
const COLOUR = 0.1;
/** Pixels that may differ in a section: fewer than when one small letter is another. */
const PIXELS = 20;

const WIDTHS = [390, 1100];
const SCHEMES = ['light', 'dark'];
/** Drawn with fonts of the machine, not with the shipped one: painted over. */
const OWN_FONTS = '.notice .mark, .langs button[lang="sr"], input[type="password"]';

let browser;
before(async () => {
  browser = await launch();
});
after(async () => browser?.close());

/** Nobody is signed in and this is no demo: the page looks the same on every server. */
async function alone(page) {
  const plain = { actor: null, demo: false };
  await page.route('**/api/v1/session', (r) => r.fulfill({ json: plain }));
}

let folder = '';
function keep(name, files) {
  folder ||= mkdtempSync(join(tmpdir(), 'loggia-shots-'));
  for (const [kind, png] of Object.entries(files)) {
    writeFileSync(join(folder, `${name}.${kind}.png`), png);
  }
  return folder;
}

/** What is wrong with a picture, or nothing. */
function compare(name, now) {
  const path = join(SHOTS, `${name}.png`);
  if (UPDATE) {
    mkdirSync(SHOTS, { recursive: true });
    writeFileSync(path, now);
    return null;
  }
  if (!existsSync(path)) return `${name}: no kept picture; see ${keep(name, { new: now })}`;
  const [a, b] = [PNG.sync.read(readFileSync(path)), PNG.sync.read(now)];
  if (a.width !== b.width || a.height !== b.height) {
    const size = `${b.width}×${b.height} instead of ${a.width}×${a.height}`;
    return `${name}: ${size}; see ${keep(name, { new: now })}`;
  }
  const difference = new PNG({ width: a.width, height: a.height });
  const off = pixelmatch(a.data, b.data, difference.data, a.width, a.height, { threshold: COLOUR });
  if (off <= PIXELS) return null;
  const seen = keep(name, { new: now, difference: PNG.sync.write(difference) });
  return `${name}: ${off} of ${a.width * a.height} pixels differ; see ${seen}`;
}

for (const width of WIDTHS) {
  for (const colorScheme of SCHEMES) {
    test(`the parts look as kept: ${width} px, ${colorScheme}`, { timeout: 120_000 }, async () => {
      const context = await browser.newContext({
        viewport: { width, height: 900 },
        colorScheme,
        deviceScaleFactor: 1,
        locale: 'en-GB',
        timezoneId: 'Europe/Helsinki',
        reducedMotion: 'reduce',
      });
      const { page, faults } = await open(context);
      await alone(page);
      await page.goto(`${CITY}/parts?lang=en`);
      await until(page, () => document.querySelectorAll('[data-part] form').length > 0);
      await page.evaluate(() => document.fonts.ready.then(() => true));
      const parts = await page.evaluate(() =>
        [...document.querySelectorAll('[data-part]')].map((p) => p.dataset.part),
      );
      assert.ok(parts.length >= 9, parts.join());
      const wrong = [];
      for (const part of parts) {
        const now = await page.locator(`[data-part="${part}"]`).screenshot({
          animations: 'disabled',
          caret: 'hide',
          mask: [page.locator(OWN_FONTS)],
          maskColor: '#808080',
        });
        const fault = compare(`${part}-${width}-${colorScheme}`, now);
        if (fault) wrong.push(fault);
      }
      assert.deepEqual(await axe(page), []);
      await context.close();
      assert.deepEqual(wrong, []);
      assert.deepEqual(faults, []);
    });
  }
}

test('one letter or one shade that is another is seen', { timeout: 60_000 }, async () => {
  if (UPDATE) return;
  const context = await browser.newContext({
    viewport: { width: 390, height: 900 },
    colorScheme: 'light',
    locale: 'en-GB',
    timezoneId: 'Europe/Helsinki',
  });
  const { page } = await open(context);
  await alone(page);
  await page.goto(`${CITY}/parts?lang=en`);
  await until(page, () => document.querySelectorAll('[data-part="notices"] .notice').length === 4);
  await page.evaluate(() => document.fonts.ready.then(() => true));
  await page.evaluate(() => {
    document.querySelector('[data-part="notices"] h2').textContent = 'Noticed';
    const swatch = document.querySelectorAll('[data-part="type"] rect')[7];
    swatch.style.fill = '#a3201a';
  });
  for (const part of ['notices', 'type']) {
    const now = await page.locator(`[data-part="${part}"]`).screenshot({
      animations: 'disabled',
      mask: [page.locator(OWN_FONTS)],
      maskColor: '#808080',
    });
    const kept = PNG.sync.read(readFileSync(join(SHOTS, `${part}-390-light.png`)));
    const got = PNG.sync.read(now);
    const { width, height } = kept;
    assert.equal(got.height, height, part);
    const off = pixelmatch(kept.data, got.data, null, width, height, { threshold: COLOUR });
    assert.ok(off > PIXELS, `${part}: ${off} pixels`);
  }
  await context.close();
});
