// The evidence room by keyboard alone: a new request in steps, the second person's view; and that
// nothing typed is lost. axe over each.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axe, become, CITY, closedSpans, launch, open, until } from './browser.mjs';

const NUMBER = `KEYS/${Date.now()}`;
const WHY = 'A handbag was taken at the stop; the camera looks at it.';
let browser, context, page, faults;
const filed = [];
before(async () => {
  browser = await launch();
  context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB' });
  ({ page, faults } = await open(context));
});
after(async () => browser?.close());

/** Presses Tab until what has the focus is meant; whoever sees it sees the focus as well. */
async function tabTo(matches, most = 120) {
  for (let i = 0; i < most; i += 1) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const e = document.activeElement;
      const name = e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent ?? e.textContent;
      const { outlineStyle, outlineWidth } = getComputedStyle(e);
      return {
        id: e.id,
        name: name.replace(/\s+/g, ' ').trim(),
        href: e.getAttribute('href'),
        seen: outlineStyle !== 'none' && parseFloat(outlineWidth) > 0,
      };
    });
    if (!matches(at)) continue;
    assert.ok(at.seen, `the focus is seen on ${at.name}`);
    return at;
  }
  throw new Error(`Tab does not reach ${matches} in ${most} steps`);
}
const named = (text) => (at) => at.name === text;
const press = async (what) => {
  await tabTo(what);
  await page.keyboard.press('Enter');
};
const heading = (text) =>
  until(page, (t) => document.querySelector('#step-h')?.textContent === t, text);

/** One request over the four steps, never with the mouse. */
async function ask(check) {
  await page.goto(`${CITY}/evidence`);
  await until(page, () => !!document.querySelector('main a[href="/evidence/new"]'));
  await press(named('New request'));
  await heading('Place and cameras');
  await tabTo((at) => at.id === 'find');
  // Coordinates: a city without a base map knows no streets.
  await page.keyboard.type('60.17005, 24.94195');
  await page.getByRole('button', { name: /^It was here/ }).first().waitFor();
  await press((at) => at.name.includes('It was here'));
  await until(page, () => new URL(location.href).searchParams.has('place'));
  if (check) assert.deepEqual(await axe(page), [], 'the place and its cameras');
  await tabTo((at) => at.name.startsWith('Kaivokatu at Keskuskatu'));
  await page.keyboard.press('Space');
  await until(page, () => new URL(location.href).searchParams.get('cameras') === '2');
  await press(named('Next: Minutes →'));
  await heading('Minutes');
  const sum = () => /of footage in all, of 1 camera/.test(document.body.textContent);
  await until(page, sum, null, 90_000);
  if (check) assert.deepEqual(await axe(page), [], 'the minutes');
  await press(named('Next: Case and reason →'));
  await heading('Case and reason');
  await tabTo((at) => at.id === 'case');
  await page.keyboard.press('Control+A');
  await page.keyboard.type(NUMBER);
  await tabTo((at) => at.id === 'why');
  await page.keyboard.type(WHY);
  if (check) await nothingIsLost();
  await press(named('Next: Read again and send →'));
  await heading('Read again and send');
  await until(page, () => !!document.querySelector('button[data-ready]'), null, 90_000);
  if (check) assert.deepEqual(await axe(page), [], 'what is sent, read again');
  const text = await page.evaluate(() => document.querySelector('form').textContent);
  assert.match(text, new RegExp(NUMBER));
  await press(named('File the request'));
  filed.push(await until(page, () => /^\/evidence\/([0-9a-f]{64})$/.exec(location.pathname)?.[1]));
}

/** Back, a reload and a session that ends: what was typed is there again each time. */
async function nothingIsLost() {
  const there = async (when) => {
    await until(page, () => !!document.querySelector('#case'));
    const kept = await page.evaluate(() => [
      document.querySelector('#case').value,
      document.querySelector('#why').value,
    ]);
    assert.deepEqual(kept, [NUMBER, WHY], when);
  };
  assert.deepEqual(await axe(page), [], 'the case and the reason');
  await page.goBack();
  await heading('Minutes');
  await page.goForward();
  await there('after going back and forward');
  await page.reload();
  await there('after a reload');
  // The session ends elsewhere; the next call says so, and the page asks to sign in.
  await page.evaluate(() => fetch('/api/v1/session', { method: 'DELETE' }));
  await page.goBack();
  await heading('Minutes').catch(() => undefined);
  await page.getByRole('heading', { name: 'Be one of the demo people' }).waitFor();
  assert.deepEqual(await axe(page), [], 'signed out in the middle');
  await press(named('Be Petra Lindqvist'));
  await until(page, () => !!document.querySelector('#step-h'));
  await page.goForward();
  await there('after signing in again');
  // Left, and come again without an address: the draft is there with its cameras.
  await page.goto(`${CITY}/evidence/new`);
  await there('after leaving and coming again');
  assert.match(page.url(), /cameras=2/);
}

test('a request is asked for in steps by keyboard alone', { timeout: 180_000 }, async () => {
  await become(page, 'p.lindqvist');
  await closedSpans(page, 2);
  await ask(true);
  // What was filed is no draft any more.
  await page.goto(`${CITY}/evidence/new?step=3`);
  await until(page, () => !!document.querySelector('#case'));
  assert.equal(await page.evaluate(() => document.querySelector('#case').value), '');
  assert.deepEqual(faults, []);
});

test('the second person sees by keyboard what was asked before', { timeout: 180_000 }, async () => {
  assert.equal(filed.length, 1, 'the walk before this filed one');
  await become(page, 'p.lindqvist');
  await ask(false);
  await become(page, 'a.korhonen');
  await page.goto(`${CITY}/evidence?find=${encodeURIComponent(NUMBER)}`);
  await until(page, () => document.querySelectorAll('main li a[href^="/evidence/"]').length === 2);
  assert.deepEqual(await axe(page), [], 'the board');
  // How long: as coarse as one can act on, and the moment itself beside it.
  assert.equal(await page.locator('.figures').first().textContent(), '3 days');
  assert.match(await page.locator('.clock').first().textContent(), /until \d+ \w+ \d{4}/);
  await press((at) => at.href === `/evidence/${filed[1]}`);
  await page.getByRole('heading', { name: 'What it would show' }).waitFor();
  await until(page, () => /of footage in all, of 1 camera/.test(document.body.textContent));
  assert.equal(await page.locator('section input[type=range]').count(), 0, 'nothing to move');
  assert.deepEqual(await axe(page), [], 'what it would show');
  await press((at) => at.href === `/evidence/${filed[0]}`);
  await page.getByText('Nothing was asked before in this case.').waitFor();

  // The requester sees no such card.
  await become(page, 'p.lindqvist');
  await page.goto(`${CITY}/evidence/${filed[1]}`);
  await page.getByRole('heading', { name: 'What is asked' }).waitFor();
  assert.equal(await page.getByRole('heading', { name: 'What it would show' }).count(), 0);
  for (const id of filed) {
    const status = await page.evaluate(async (path) => {
      const headers = { 'content-type': 'application/json' };
      return (await fetch(path, { method: 'POST', headers, body: '{}' })).status;
    }, `/api/v1/requests/${id}/withdraw`);
    assert.equal(status, 200);
  }
  assert.deepEqual(faults, []);
});

test('residents are answered by those who may, and by nobody else', { timeout: 60_000 }, async () => {
  for (const [person, complaints] of [['m.niemi', 1], ['p.lindqvist', 0]]) {
    await become(page, person);
    await page.goto(`${CITY}/evidence/residents`);
    await page.getByRole('heading', { name: /^Own footage/ }).waitFor();
    assert.equal(await page.getByRole('heading', { name: /^Complaints/ }).count(), complaints);
    assert.deepEqual(await axe(page), [], `the inbox of ${person}`);
  }
  await become(page, 'a.korhonen');
  await page.goto(`${CITY}/evidence/residents`);
  await page.getByText('Residents are answered by investigators').waitFor();
  const status = await page.evaluate(async () => (await fetch('/api/v1/residents/asks')).status);
  assert.equal(status, 403);
  assert.deepEqual(await axe(page), [], 'the inbox, not allowed');
  assert.deepEqual(faults, []);
});
