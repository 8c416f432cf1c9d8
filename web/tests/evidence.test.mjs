// The evidence room by keyboard: nothing typed into a request in steps is lost, the second person's
// view, who answers residents. The walk itself with axe over each step: tasks.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axe, because, become, CITY, closedSpans, DESK, launch, open, until } from './browser.mjs';
import { Keys, the } from './hands.mjs';
import { investigator, twoMinutes, withdraw } from './walks.mjs';

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

const heading = (text) =>
  until(page, (t) => document.querySelector('#step-h')?.textContent === t, text);

/** One request over the four steps, never with the mouse. */
async function ask(at) {
  const hand = new Keys().on(page);
  filed.push(await investigator(hand, { at, number: NUMBER, why: WHY }));
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
  await new Keys().on(page).press(the('button', 'Be Petra Lindqvist'));
  await until(page, () => !!document.querySelector('#step-h'));
  await page.goForward();
  await there('after signing in again');
  // Left, and come again without an address: the draft is there with its cameras.
  await page.goto(`${CITY}/evidence/new`);
  await there('after leaving and coming again');
  assert.match(page.url(), /cameras=2/);
}

test('a request in steps keeps what was typed', { timeout: 180_000 }, async () => {
  await become(page, 'p.lindqvist');
  await closedSpans(page, 2);
  await ask((name) => name === 'the case and the reason' && nothingIsLost());
  // What was filed is no draft any more.
  await page.goto(`${CITY}/evidence/new?step=3`);
  await until(page, () => !!document.querySelector('#case'));
  assert.equal(await page.evaluate(() => document.querySelector('#case').value), '');
  assert.deepEqual(faults, []);
});

test('the minutes that were shown are filed, and each page says what is so', { timeout: 240_000 },
  async () => {
    await become(page, 'p.lindqvist');
    await twoMinutes(page, 2);
    await page.goto(`${CITY}/evidence/new?cameras=2&step=2`);
    await page.getByText('of footage in all, of 1 camera').waitFor();
    const shown = await page.evaluate(() =>
      [...document.querySelectorAll('.times input')].map((i) => new Date(i.value).getTime() * 1000),
    );
    await page.getByRole('button', { name: /^Next/ }).click();
    await until(page, () => !!document.querySelector('#case'));
    // Newer footage than was shown could be asked for by now.
    const newest = async () => (await closedSpans(page, 2)).at(-1).end;
    for (const end = await newest(); (await newest()) === end; ) await page.waitForTimeout(1_000);
    await page.reload();
    await because(page, `SHOWN/${Date.now()}`, 'A handbag was taken at the stop.');
    await page.getByRole('button', { name: /^Next/ }).click();
    await page.locator('button[data-ready]').click();
    const path = () => /^\/evidence\/([0-9a-f]{64})$/.exec(location.pathname)?.[1];
    const request = await until(page, path);
    const { from, to } = await page.evaluate(async (id) => {
      const r = await (await fetch(`/api/v1/requests/${id}`)).json();
      return JSON.parse(r.request);
    }, request);
    assert.deepEqual([from, to], shown);

    const says = async (person, act) => {
      const data = { person, request, act, note: '', passphrase: 'demo' };
      const how = { data, headers: { origin: DESK } };
      const answer = await context.request.post(`${DESK}/desk/act`, how);
      assert.ok(answer.ok(), `${person} could not ${act}: ${await answer.text()}`);
    };
    await page.getByText('If it is opened, its place').waitFor();
    await says('a.korhonen', 'approve');
    const { page: desk } = await open(context);
    await desk.goto(`${DESK}/?person=k.virtanen&request=${request}`);
    const card = desk.locator(`article[aria-labelledby="request-${request}"]`);
    await card.getByText('This desk does not see how long they are').waitFor();
    await card.getByLabel('Passphrase of the key').fill('demo');
    // Until the desk's list is read anew it says nothing of a share that is released already.
    const slow = async (r) => setTimeout(() => void r.continue().catch(() => undefined), 1_000);
    await desk.route('**/desk/requests*', slow);
    await card.getByRole('button', { name: 'Release my share' }).click();
    await card.getByText('Released: your share').waitFor();
    assert.doesNotMatch(await card.innerText(), /you can release your share below/);
    await card.getByRole('link', { name: /^Next: act as Anna/ }).waitFor();
    await desk.close();
    await says('a.korhonen', 'release');
    await page.getByText('It was opened. Its place').waitFor();
    assert.equal(await page.getByText('If it is opened').count(), 0);
    assert.deepEqual(faults, []);
  },
);

test('the second person sees by keyboard what was asked before', { timeout: 180_000 }, async () => {
  assert.equal(filed.length, 1, 'the walk before this filed one');
  await become(page, 'p.lindqvist');
  await ask();
  await become(page, 'a.korhonen');
  await page.goto(`${CITY}/evidence?find=${encodeURIComponent(NUMBER)}`);
  await until(page, () => document.querySelectorAll('main li a[href^="/evidence/"]').length === 2);
  assert.deepEqual(await axe(page), [], 'the board');
  // How long: as coarse as one can act on, and the moment itself beside it.
  assert.equal(await page.locator('.figures').first().textContent(), '3 days');
  assert.match(await page.locator('.clock').first().textContent(), /until \d+ \w+ \d{4}/);
  const hand = new Keys().on(page);
  await hand.press(the(`a[href="/evidence/${filed[1]}"]`));
  await page.getByRole('heading', { name: 'What it would show' }).waitFor();
  await until(page, () => /of footage in all, of 1 camera/.test(document.body.textContent));
  assert.equal(await page.locator('section input[type=range]').count(), 0, 'nothing to move');
  assert.deepEqual(await axe(page), [], 'what it would show');
  await hand.press(the(`a[href="/evidence/${filed[0]}"]`));
  await page.getByText('Nothing was asked before in this case.').waitFor();

  // The requester sees no such card.
  await become(page, 'p.lindqvist');
  await page.goto(`${CITY}/evidence/${filed[1]}`);
  await page.getByRole('heading', { name: 'What is asked' }).waitFor();
  assert.equal(await page.getByRole('heading', { name: 'What it would show' }).count(), 0);
  for (const id of filed) {
    assert.equal(await withdraw(page, id), 200);
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
