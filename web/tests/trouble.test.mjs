// What a page says when the server is gone or slow, when the session has ended, or when there is
// no JavaScript: what happened, what still works, and nothing typed is lost.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axe, become, CITY, launch, open, until } from './browser.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(async () => browser?.close());

const WIDE = { viewport: { width: 1280, height: 900 }, locale: 'en-GB' };
const says = (page, text) => until(page, (t) => document.body.textContent.includes(t), text);
const GONE = 'The server does not answer';
/** Rooms that need somebody, and who may be there. */
const ROOMS = [
  ['/ops', 'o.saarinen'],
  ['/evidence', 'p.lindqvist'],
  ['/audit', 'm.niemi'],
];

for (const [path, person] of ROOMS) {
  test(`${path} says that the server is gone, and comes back`, { timeout: 90_000 }, async () => {
    const context = await browser.newContext(WIDE);
    const { page, faults } = await open(context);
    await become(page, person);
    // The page has come, the answers have not.
    let gone = true;
    await page.route('**/api/v1/**', (r) => (gone ? r.abort() : r.continue()));
    await page.route('**/log/**', (r) => (gone ? r.abort() : r.continue()));
    await page.goto(`${CITY}${path}`);
    await says(page, GONE);
    await page.waitForTimeout(300);
    assert.deepEqual(await axe(page), [], path);
    gone = false;
    // Some rooms ask again by themselves, some when they are told to.
    const again = page.getByRole('button', { name: 'Try again' });
    if (await again.count()) await again.first().click();
    await until(page, (t) => !document.body.textContent.includes(t), GONE);
    await until(page, () => !document.querySelector('[aria-busy]'));
    await context.close();
    assert.deepEqual(faults, []);
  });
}

test('a room whose script does not come says so', { timeout: 60_000 }, async () => {
  const context = await browser.newContext(WIDE);
  const { page } = await open(context);
  await page.goto(`${CITY}/audit`);
  await until(page, () => !!document.querySelector('h1'));
  await context.setOffline(true);
  await page.getByRole('link', { name: 'Evidence room' }).click();
  await says(page, GONE);
  await context.close();
});

test('while a slow server thinks the page says that it waits', { timeout: 60_000 }, async () => {
  const context = await browser.newContext(WIDE);
  const { page } = await open(context);
  await become(page, 'p.lindqvist');
  let letGo;
  const held = new Promise((ok) => (letGo = ok));
  await page.route('**/api/v1/requests', async (r) => {
    await held;
    await r.continue();
  });
  await page.goto(`${CITY}/evidence`);
  await until(page, () => !!document.querySelector('[aria-busy=true]'));
  letGo();
  await until(page, () => !document.querySelector('[aria-busy=true]'));
  await context.close();
});

test('a session that ends loses nothing that was typed', { timeout: 90_000 }, async () => {
  const context = await browser.newContext(WIDE);
  const { page } = await open(context);
  await become(page, 'p.lindqvist');
  await page.goto(`${CITY}/evidence/new?cameras=1&step=3`);
  const typed = `TYPED/${Date.now()}`;
  await page.locator('#case').fill(typed);
  await context.clearCookies();
  await page.goto(`${CITY}/evidence`);
  await until(page, () => !!document.querySelector('#password'));
  await become(page, 'p.lindqvist');
  await page.goto(`${CITY}/evidence/new?cameras=1&step=3`);
  await until(page, () => !!document.querySelector('#case'));
  assert.equal(await page.locator('#case').inputValue(), typed);
  await context.close();
});

test('whoever signs out leaves no draft to the next one', { timeout: 90_000 }, async () => {
  const context = await browser.newContext(WIDE);
  const { page } = await open(context);
  const kept = () => page.evaluate(() => Object.values(sessionStorage).join());
  const write = async (text) => {
    await page.goto(`${CITY}/ops?page=shift`);
    await page.locator('#note').fill(text);
    await until(page, (t) => Object.values(sessionStorage).join().includes(t), text);
  };
  await become(page, 'o.saarinen');
  const typed = `LEFT/${Date.now()}`;
  await write(typed);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await until(page, () => !!document.querySelector('#password'));
  assert.doesNotMatch(await kept(), new RegExp(typed));
  // Where the session only ran out it stays for its writer, and goes when somebody else comes.
  await become(page, 'o.saarinen');
  await write(typed);
  await context.clearCookies();
  await page.goto(`${CITY}/ops?page=shift`);
  await until(page, () => !!document.querySelector('#password'));
  assert.match(await kept(), new RegExp(typed));
  await become(page, 't.laine');
  await page.goto(`${CITY}/ops?page=shift`);
  await until(page, () => !!document.querySelector('#note-h'));
  assert.doesNotMatch(await kept(), new RegExp(typed));
  await context.close();
});

test('without JavaScript a room says where to go', { timeout: 60_000 }, async () => {
  const context = await browser.newContext({ ...WIDE, javaScriptEnabled: false });
  const page = await context.newPage();
  for (const [path] of ROOMS) {
    await page.goto(`${CITY}${path}`);
    const words = await page.locator('noscript').innerText();
    assert.match(words, /needs JavaScript/);
    assert.match(words, /потребан JavaScript/);
    // A page like the others: its name, its heading, and the log for both languages.
    const [brand, h1] = [page.locator('noscript .brand'), page.locator('noscript main h1')];
    assert.equal(await brand.count(), 1);
    assert.ok((await h1.boundingBox()).x > 10, 'the text has a margin');
    assert.equal(await page.locator('noscript a[href="/log/checkpoint"]').count(), 2);
  }
  await context.close();
});
