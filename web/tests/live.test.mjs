// Live view in an incident, in a browser: asked, approved at the desk, watched, taken back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axe, because, become, CITY, DESK, launch, open, until } from './browser.mjs';

let browser, context, page, faults;
before(async () => {
  browser = await launch();
  context = await browser.newContext({
    viewport: { width: 1280, height: 1000 },
    locale: 'en-GB',
  });
  ({ page, faults } = await open(context));
});
after(async () => browser?.close());

/** Files a live request for these cameras; its hash. */
async function ask(cameras, number) {
  await page.goto(`${CITY}/evidence/new?cameras=${cameras}&step=2`);
  await page.getByLabel('What happens now: a live view').check();
  await page.getByRole('button', { name: 'Next: Case and reason' }).click();
  await because(page, number, 'An armed person walks over the square that these cameras see.');
  await page.getByRole('button', { name: 'Next: Read again and send' }).click();
  await until(page, () => !!document.querySelector('button[data-ready]'));
  assert.deepEqual(await axe(page), [], 'the form of a live view');
  await page.getByRole('button', { name: 'File the request' }).click();
  return until(page, () => /^\/evidence\/([0-9a-f]{64})$/.exec(location.pathname)?.[1]);
}

async function approve(request) {
  const desk = await context.newPage();
  await desk.goto(`${DESK}/?person=a.korhonen&request=${request}`);
  const card = desk.locator(`article[aria-labelledby="request-${request}"]`);
  await card.getByText('live picture, for 15 minutes at most').first().waitFor();
  await card.getByLabel('Passphrase of the key').fill('demo');
  await card.getByRole('button', { name: 'Approve' }).click();
  await until(desk, () => !!document.querySelector('.notice.good'));
  assert.deepEqual(await axe(desk), [], 'the desk after approving a live view');
  await desk.close();
}

/** Waits until the picture moves and its time goes on. */
async function moves() {
  await until(page, () => {
    const wrong = document.querySelector('.notice.bad, .stop[role=alert]');
    if (wrong) throw new Error(wrong.textContent);
    return document.querySelector('[data-live="running"]');
  });
  const at = await page.evaluate(() => document.querySelector('video').currentTime);
  await until(page, (t0) => document.querySelector('video').currentTime > t0 + 1.5, at);
}

test('a live picture is asked for, approved, watched and taken back', { timeout: 120_000 }, async () => {
  await become(page, 'p.lindqvist');
  // An H.264 camera, and an H.265 one of which its sub-stream is shown.
  const request = await ask('1,12', `LIVE/${Date.now()}`);
  assert.equal(await page.getByRole('button', { name: 'Watch live' }).count(), 0);
  await approve(request);
  await page.getByRole('button', { name: 'Watch live' }).click();
  await moves();
  assert.deepEqual(await axe(page), [], 'a live picture');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.waitForTimeout(400);
  assert.deepEqual(await axe(page), [], 'a live picture, dark');
  await page.emulateMedia({ colorScheme: 'light' });
  if (process.env.KEEP_SHOT) await page.screenshot({ path: process.env.KEEP_SHOT, fullPage: true });

  const other = page.getByRole('group', { name: 'Camera' }).getByRole('button').nth(1);
  await other.click();
  await page.getByRole('button', { name: 'Watch live' }).click();
  await moves();

  // Nobody else can watch it: not even whoever approved.
  const status = await page.evaluate(async (id) => {
    const become = (person) =>
      fetch('/api/v1/demo/become', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ person }),
      });
    await become('m.niemi');
    const answer = await fetch(`/api/v1/requests/${id}/live/1`, { method: 'POST' });
    await become('p.lindqvist');
    return answer.status;
  }, request);
  assert.equal(status, 403);

  // What is taken back ends on the screen as well.
  await page.getByRole('button', { name: 'End the live view…' }).click();
  await page.getByRole('button', { name: 'End the live view', exact: true }).click();
  await until(page, () => !document.querySelector('video'));
  await page.getByText('Ended by the requester; it was watched.').waitFor();
  await page.getByRole('link', { name: /live view/ }).waitFor();
  assert.deepEqual(faults, []);
});
