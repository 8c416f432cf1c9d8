// The demo's story, as somebody takes it who has never seen Loggia: from the question to the proof.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axe, become, CITY, closedSpans, launch, open, until } from './browser.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(async () => browser?.close());

const SHOTS = process.env.SHOTS;
const look = async (page, name) => {
  assert.deepEqual(await axe(page), [], name);
  if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });
};
/** What the page offers as the next step, wherever one is. */
const go = (page, name) => page.getByRole(/desk/.test(name) ? 'link' : 'button', { name });

async function atDesk(context, page, link, button) {
  const [desk] = await Promise.all([
    context.waitForEvent('page'),
    page.getByRole('link', { name: link }).first().click(),
  ]);
  await until(desk, () => !!document.querySelector('article form'));
  await desk.getByLabel('Passphrase of the key').first().fill('demo');
  await desk.getByRole('button', { name: button }).first().click();
  await until(desk, () => !!document.querySelector('.notice.good'));
  await desk.close();
}

test('the story goes from the question to the proof', { timeout: 240_000 }, async () => {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    locale: 'en-GB',
  });
  const { page, faults } = await open(context);
  await become(page, 'p.lindqvist');
  await closedSpans(page, 1);
  await page.goto(`${CITY}/story`);
  await page.getByRole('button', { name: 'Begin' }).click();
  await look(page, 'story-begun');
  await page.getByRole('link', { name: 'Open the public square' }).click();
  await page.goto(`${CITY}/story`);
  await go(page, 'Be Petra and ask').click();
  await until(page, () => !!document.querySelector('button[data-ready]'));
  await look(page, 'story-asking');
  await page.locator('button[data-ready]').click();
  await until(page, () => /^\/evidence\/[0-9a-f]{64}$/.test(location.pathname));
  await atDesk(context, page, /^Open Anna’s desk/, 'Approve');
  await page.getByRole('link', { name: /^Open Kaisa’s desk/ }).first().waitFor();
  await look(page, 'story-approved');
  await atDesk(context, page, /^Open Kaisa’s desk/, 'Release my share');
  await atDesk(context, page, /^Open Anna’s desk/, 'Release my share');
  // One is at the request as Petra already: the story offers no way to where one is.
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await until(page, () => !!document.querySelector('[data-first-frame]'));
  await page.getByLabel('Recipient').fill('District court');
  await page.getByLabel('Exhibit number').fill('E-1');
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  await until(page, () => !!document.querySelector('[data-bundle]'));
  await page.getByRole('link', { name: 'Check the proof' }).click();
  await until(page, () => location.pathname === '/audit');
  await page.getByRole('link', { name: 'All steps' }).click();
  await until(page, () => /The story is over/.test(document.body.textContent));
  await look(page, 'story-over');
  assert.equal(await page.locator('li.done').count(), 6);
  await context.close();
  assert.deepEqual(faults, []);
});

test('one is somebody else in one click', { timeout: 60_000 }, async () => {
  const { page } = await open(await browser.newContext({ locale: 'en-GB' }));
  await page.goto(`${CITY}/ops`);
  const be = (name) => page.locator('.demo').getByRole('button', { name });
  await be('Olli').click();
  await until(page, () => /Olli Saarinen/.test(document.querySelector('.who')?.textContent ?? ''));
  await be('Maria').click();
  await until(page, () => /Maria Niemi/.test(document.querySelector('.who')?.textContent ?? ''));
});
