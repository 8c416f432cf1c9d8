// The public square: drawn by the server, whole without JavaScript, with a map where there is one.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axe, CITY, launch, open, until } from './browser.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(async () => browser?.close());

const LISTED = 'ul.cameras li a';
const listed = () => document.querySelectorAll('ul.cameras li a').length > 0;

test('without JavaScript one finds a camera and how to ask', { timeout: 60_000 }, async () => {
  const context = await browser.newContext({ locale: 'en-GB', javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${CITY}/`);
  await page.locator('noscript p').waitFor();
  const all = await page.locator(LISTED).count();
  assert.ok(all > 0);
  await page.getByLabel('Street, place, or name of a camera').fill('senaatintori');
  await page.getByRole('button', { name: 'Find' }).click();
  await page.locator(LISTED).first().click();
  await page.getByText('Who answers for it').waitFor();
  await page.getByRole('link', { name: 'Ask for footage of yourself' }).click();
  await page.getByRole('heading', { name: 'Ask for footage of yourself' }).waitFor();
  await page.getByRole('link', { name: 'Српски' }).click();
  await page.getByRole('heading', { name: 'Затражите свој снимак' }).waitFor();
  await page.getByRole('link', { name: 'Srpski' }).click();
  await page.getByRole('link', { name: 'Kamere', exact: true }).click();
  await page.getByRole('heading', { name: 'Sve kamere' }).waitFor();
  assert.equal(await page.locator(LISTED).count(), all, 'the list is equal to the first page');
  await context.close();
});

test('without WebGL the list stands and the page says so', { timeout: 60_000 }, async () => {
  const context = await browser.newContext({ locale: 'en-GB' });
  await context.addInitScript(() => {
    const real = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
      return /webgl/.test(kind) ? null : real.call(this, kind, ...rest);
    };
  });
  const { page } = await open(context);
  await page.goto(`${CITY}/`);
  await until(page, () => document.querySelector('[data-say="none"]')?.checkVisibility());
  assert.ok(await page.evaluate(listed));
  assert.deepEqual(await axe(page), []);
});

test('a mark of the map leads to its card', { timeout: 90_000 }, async () => {
  const viewport = { width: 1280, height: 900 };
  const { page, faults } = await open(await browser.newContext({ locale: 'en-GB', viewport }));
  await page.goto(`${CITY}/cameras/2`);
  await until(page, () => !!document.querySelector('.canvas canvas'));
  await until(page, () => document.querySelector('[data-say="wait"]')?.hidden === true);
  const box = await page.locator('.canvas canvas').boundingBox();
  await Promise.all([
    page.waitForURL(/\/cameras\/2$/, { waitUntil: 'commit' }),
    page.waitForEvent('framenavigated'),
    page.mouse.click(box.x + box.width / 2, box.y + box.height / 2),
  ]);
  assert.deepEqual(faults, []);
});

test('a language chosen here stands in the other rooms too', { timeout: 60_000 }, async () => {
  const { page } = await open(await browser.newContext({ locale: 'en-GB' }));
  await page.goto(`${CITY}/check`);
  await page.getByRole('link', { name: 'Srpski' }).click();
  await page.getByRole('heading', { name: 'Kako da nas proverite' }).waitFor();
  await page.goto(`${CITY}/audit`);
  await until(page, () => document.documentElement.lang === 'sr-Latn');
});

test('whose clock stands otherwise reads at the head whose times these are', async () => {
  for (const [timezoneId, said] of [['Europe/Belgrade', true], ['Europe/Helsinki', false]]) {
    const context = await browser.newContext({ locale: 'en-GB', timezoneId });
    const { page, faults } = await open(context);
    await page.goto(`${CITY}/disclosures`);
    const line = page.locator('main p[data-zone]');
    assert.equal(await line.isVisible(), said, timezoneId);
    assert.match(await line.textContent(), /Europe\/Helsinki \(UTC\+[23]\), the city’s zone/);
    assert.deepEqual(await axe(page), []);
    assert.deepEqual(faults, []);
    await context.close();
  }
});
