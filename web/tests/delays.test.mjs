// Delay, not darkness, in a browser: opened, delayed and overdue on the square and in the auditor's
// window, where a server that publishes nothing, or lies, is found out; a later date and taking
// down.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axe, because, become, CITY, closedSpans, DESK, launch, open, until } from './browser.mjs';

let browser, context, page, faults;
const made = {};
before(async () => {
  browser = await launch();
  context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce' });
  ({ page, faults } = await open(context));
});
after(async () => browser?.close());

/** A picture in each look, where somebody asked for them. */
async function shoot(name) {
  const folder = process.env.SHOTS;
  if (!folder) return;
  for (const [wide, width] of [['desk', 1280], ['phone', 390]]) {
    await page.setViewportSize({ width, height: 900 });
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${folder}/${name}-${wide}-${colorScheme}.png`, fullPage: true });
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 900 });
}

/** Files a request for this purpose over a closed span of camera 2; its hash. */
async function file(purpose, number) {
  const s = (await closedSpans(page, 2)).at(-1);
  const [from, to] = [Math.ceil(s.begin / 1e6) * 1e6, Math.floor(s.end / 1e6) * 1e6];
  await page.goto(`${CITY}/evidence/new?cameras=2&from=${from}&to=${to}&window=600&step=3`);
  await until(page, () => document.querySelectorAll('#purpose option').length);
  await page.locator('#purpose').selectOption(purpose);
  await because(page, number, 'A bicycle was taken; the street camera sees the rack.');
  await page.goto(page.url().replace('step=3', 'step=4'));
  await page.locator('button[data-ready]').click();
  return until(page, () => /^\/evidence\/([0-9a-f]{64})$/.exec(location.pathname)?.[1]);
}
async function says(person, request, act) {
  const data = { person, request, act, note: '', passphrase: 'demo' };
  const answer = await context.request.post(`${DESK}/desk/act`, { data, headers: { origin: DESK } });
  assert.ok(answer.ok(), `${person} could not ${act}: ${await answer.text()}`);
}
async function openIt(request) {
  await says('a.korhonen', request, 'approve');
  await says('k.virtanen', request, 'release');
  await says('a.korhonen', request, 'release');
}
const states = () => [...document.querySelectorAll('li[data-state]')].map((l) => l.dataset.state);

/** The square's list once its newest two stand so; they are one file's and the other's. */
async function square(...wanted) {
  for (let left = 40; ; left -= 1) {
    await page.goto(`${CITY}/disclosures`);
    const now = (await page.evaluate(states)).slice(0, wanted.length);
    if (JSON.stringify(now) === JSON.stringify(wanted)) return;
    assert.ok(left, `the square says ${now}, not ${wanted}`);
    await page.waitForTimeout(1_000);
  }
}
async function auditor(...wanted) {
  await page.goto(`${CITY}/audit/delays`);
  await until(page, () => document.querySelector('[data-delays]:not([data-delays=reading])'));
  assert.deepEqual((await page.evaluate(states)).slice(0, wanted.length), wanted);
}

test('what is opened is public on its date, and delayed until then', { timeout: 180_000 }, async () => {
  await become(page, 'p.lindqvist');
  const stamp = Date.now();
  made.later = await file('investigation', `DELAY/${stamp}`);
  await openIt(made.later);
  made.now = await file('subject_access', `DELAY/OWN/${stamp}`);
  await openIt(made.now);
  await square('opened', 'delayed');
  const text = await page.locator('li[data-state=opened]').first().innerText();
  assert.match(text, /Kaivokatu at Keskuskatu/);
  assert.match(text, /fewer than 2 cases|\d\d:00/);
  assert.deepEqual(await axe(page), [], 'the square');
  await shoot('square');
  await auditor('opened', 'delayed');
  assert.match(await page.locator('li[data-state=opened]').first().innerText(), /checked here/);
  assert.deepEqual(await axe(page), [], "the auditor's window");
  await shoot('audit');
});

test('a city that publishes nothing, or another place, is red by itself', { timeout: 120_000 }, async () => {
  // A browser of its own: its clock is set, and stays so for all its pages.
  const [mine, before] = [context, page];
  context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce' });
  ({ page } = await open(context));
  const answer = async (change) => {
    await context.unroute('**/api/v1/public/disclosures*');
    await context.route('**/api/v1/public/disclosures*', async (route) => {
      const body = await (await route.fetch()).json();
      change(body);
      await route.fulfill({ json: body });
    });
  };
  // An hour later, by this browser's own clock.
  await page.clock.install({ time: Date.now() + 3_600_000 });
  await answer((body) => (body.disclosures = []));
  await auditor('overdue', 'overdue');
  const said = page.locator('p[role=status] strong.bad');
  assert.match(await said.innerText(), /overdue/);
  const red = await said.evaluate((e) => getComputedStyle(e).color);
  const bad = await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--bad'));
  const [r, g, b] = bad.trim().match(/[0-9a-f]{2}/g).map((x) => parseInt(x, 16));
  assert.equal(red, `rgb(${r}, ${g}, ${b})`);
  assert.deepEqual(await axe(page), [], 'overdue');
  await shoot('overdue');
  await answer((body) => {
    for (const d of body.disclosures) {
      for (const x of d.details) x.text = x.text.replace('[2]', '[3]');
    }
  });
  await auditor('overdue', 'overdue');
  const first = await page.locator('li[data-state=overdue]').first().innerText();
  assert.match(first, /does NOT open/);
  assert.doesNotMatch(first, /Kolme/);
  await context.close();
  [context, page] = [mine, before];
});

test('a later date and taking down take the oversight body, and the log says so', { timeout: 180_000 }, async () => {
  const asked = async (request, button) => {
    await page.goto(`${CITY}/evidence/${request}`);
    await page.getByRole('button', { name: button }).click();
    assert.deepEqual(await axe(page), [], button);
    await page.getByRole('button', { name: 'Send to the oversight body' }).click();
    await page.getByText('Sent. An approver').waitFor();
  };
  const agreed = async (button, done) => {
    await page.goto(`${DESK}/?person=a.korhonen`);
    const card = page.locator('article[aria-labelledby^="ask-"]').first();
    await card.waitFor();
    if (!(await card.locator('details').evaluate((d) => d.open))) await card.locator('summary').click();
    assert.deepEqual(await axe(page), [], 'the desk');
    await card.getByLabel('Passphrase of the key').fill('demo');
    await card.getByRole('button', { name: button }).click();
    await page.getByText(done).waitFor();
  };
  await become(page, 'p.lindqvist');
  await asked(made.later, 'Ask for a later date');
  await shoot('ask');
  await agreed('Agree to the later date', 'the later date stands in the public log');
  await square('opened', 'delayed');
  const moved = await page.locator('li[data-state=delayed]').first().innerText();
  assert.match(moved, /The date was moved once/);
  await asked(made.now, 'Ask to take it down');
  await agreed('Agree to take it down', 'it is taken down');
  await shoot('desk');
  await square('withdrawn', 'delayed');
  assert.deepEqual(await axe(page), [], 'taken down');
  await auditor('withdrawn', 'delayed');
  assert.deepEqual(faults, []);
});
