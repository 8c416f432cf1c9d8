// The five main tasks by the keyboard alone, each from its first page to its end (walks.mjs): what
// is pressed is reached by Tab, and the focus is seen there. axe where somebody would stop to look.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axe, become, CITY, launch, open, until } from './browser.mjs';
import { Keys, learn, the } from './hands.mjs';
import * as walks from './walks.mjs';

const WIDE = { viewport: { width: 1280, height: 900 }, locale: 'en-GB' };
let browser;
before(async () => {
  browser = await launch();
  await learn(browser);
});
after(async () => browser?.close());

/** A browser of its own, where nothing but keys is pressed. */
async function by(person, walk) {
  const context = await browser.newContext({ ...WIDE, acceptDownloads: true });
  const { page, faults } = await open(context);
  if (person) await become(page, person);
  const hand = new Keys().on(page);
  const at = async (name) => assert.deepEqual(await axe(hand.page), [], name);
  await walk(hand, at, page, context);
  await context.close();
  assert.deepEqual(faults, []);
}

test('a resident finds cameras at an address and asks for own footage', { timeout: 90_000 }, () =>
  by(null, async (hand, at, page) => {
    await hand.open(`${CITY}/`);
    await hand.wait(the('#q'));
    await page.keyboard.press('Tab');
    const first = await page.evaluate(() => document.activeElement.textContent);
    assert.equal(first, 'Skip to the page');
    const reference = await walks.resident(hand, { at });
    await page.getByText('Answer by', { exact: false }).first().waitFor();
    assert.deepEqual(await axe(page), [], 'where the request stands');
    const said = await page.evaluate(() => document.querySelector('main').innerText);
    assert.ok(said.includes(reference), said);
    assert.doesNotMatch(said, /Aino|example\.org/, 'a reference may be seen by others');
  }),
);

test('an operator acknowledges, sets aside, sees the camera’s day', { timeout: 330_000 }, () =>
  by('o.saarinen', async (hand, at, page) => {
    await walks.failing(page);
    const why = `fails on purpose, ${Date.now()}`;
    await walks.operator(hand, { at, why });
    const said = await page.evaluate(async (n) => {
      const { alarms } = await (await fetch('/api/v1/alarms')).json();
      return alarms.find((a) => a.camera === n);
    }, walks.FAILING);
    assert.equal(said.state, 'shelved');
    assert.equal(said.shelved.by, 'o.saarinen');
    assert.equal(said.shelved.reason, why);
    assert.equal(said.acknowledged.by, 'o.saarinen');
    await until(page, () => !!document.querySelector('.scrubber .band'));
    // Taken back: the demo is left as it was found.
    await hand.open(`${CITY}/ops?alarm=camera_down-${walks.FAILING}`);
    await hand.press(the('button', 'Take back'));
    await until(page, async () => {
      const { alarms } = await (await fetch('/api/v1/alarms')).json();
      return alarms.every((a) => a.state !== 'shelved');
    });
  }),
);

test('an investigator asks for two minutes', { timeout: 240_000 }, () =>
  by('p.lindqvist', async (hand, at, page) => {
    await walks.twoMinutes(page, 2);
    const [number, why] = [`TASK/${Date.now()}`, 'A handbag was taken at the stop.'];
    const request = await walks.investigator(hand, { at, number, why });
    const { text, of } = await page.evaluate(async (id) => {
      const r = await (await fetch(`/api/v1/requests/${id}`)).json();
      return { text: JSON.parse(r.request), of: r.case.number };
    }, request);
    assert.equal(of, number);
    assert.deepEqual(text.camera_spans.map((c) => c.camera), [2]);
    assert.equal(text.to - text.from, 120e6, 'two minutes');
    await page.getByText('oversight body has to approve or refuse').waitFor();
    assert.equal(await walks.withdraw(page, request), 200);
  }),
);

test('two bodies agree at their desks; the requester plays and exports', { timeout: 240_000 }, () =>
  by('p.lindqvist', async (hand, at, page, context) => {
    await walks.twoMinutes(page, 2);
    const [number, why] = [`TASK/${Date.now()}/2`, 'A handbag was taken at the stop.'];
    const request = await walks.investigator(hand, { number, why });
    const desk = async () => (await open(context)).page;
    const saved = await walks.bodies(hand, { at, request, mine: page, desk });
    assert.match(saved.suggestedFilename(), /\.zip$/);
    // What was exported stands in the public log, under its hash.
    const bundle = await page.getAttribute('[data-bundle]', 'data-bundle');
    await page.goto(`${CITY}/audit?find=${bundle}`);
    await until(page, () => document.querySelectorAll('tbody tr').length === 1);
  }),
);

test('a citizen checks an entry and its proof, and compares two dates', { timeout: 90_000 }, () =>
  by(null, async (hand, at, page) => {
    const day = (ago) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
    await walks.auditor(hand, {
      days: [day(5), day(1)],
      at: async (name) => {
        await at(name);
        if (name === 'what was found') {
          const rows = await page.evaluate(() =>
            [...document.querySelectorAll('tbody tr')].map((r) => r.cells[2].textContent),
          );
          const all = rows.length > 0 && rows.every((r) => /^The recorder started/.test(r));
          assert.ok(all, rows.join());
        }
        if (name !== 'an entry with its proof') return;
        assert.match(await page.locator('dl.facts').last().innerText(), /Recorder’s key/);
        // The proof's steps open by keyboard too.
        await hand.press(the('section[aria-labelledby="entry-h"] summary'));
        await until(page, () => !!document.querySelector('.drawn')?.checkVisibility());
        assert.deepEqual(await axe(page), [], 'the steps of the proof');
      },
    });
    assert.match(page.url(), new RegExp(`from=${day(5)}&to=${day(1)}`));
  }),
);
