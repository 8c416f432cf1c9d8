// Several cameras at one moment: one clock for all, one bar, by pointer and by keyboard; a camera
// that has not the moment, and one whose seal breaks, hold nobody up. No time is asserted but the
// recorder's own, which the frames carry.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axe, because, become, CITY, closedSpans, DESK, launch, open, until } from './browser.mjs';

const KEYS = [
  ['a.korhonen', 'approve'],
  ['k.virtanen', 'release'],
  ['a.korhonen', 'release'],
];
/** Frames that stand still lie no further apart than two of the slower camera's (10 pictures a
 *  second at least), whatever the pieces' jitter. */
const APART_US = 200_000;

let browser, context, page, faults, request, ids, from;
before(async () => {
  browser = await launch();
  context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB' });
  ({ page, faults } = await open(context));
});
after(async () => browser?.close());

/** Two cameras that play here, and some seconds of which the second has two spans. */
async function choose() {
  const all = await page.evaluate(async () => (await fetch('/api/v1/public/cameras')).json());
  const pair = all
    .filter((c) => c.plays_in_browser !== false && /264/.test(c.codec ?? ''))
    .map((c) => c.id)
    .slice(0, 2);
  assert.equal(pair.length, 2, 'two cameras play here');
  for (;;) {
    const [one, other] = await Promise.all(pair.map((id) => closedSpans(page, id)));
    const [first, last] = other.slice(-2);
    const from = first && Math.ceil(first.end / 1e6) * 1e6 - 8e6;
    const to = from + 14e6;
    const has = (s) => s.begin <= to && s.end >= from;
    const both = last && first.begin < from && last.begin - first.end < 1e6;
    if (both && one.filter(has).at(-1)?.end > to) return { pair, from, to };
    // A demo that has just begun: the test's own bound ends a wait in vain.
    await page.waitForTimeout(1000);
  }
}

async function opened() {
  await become(page, 'p.lindqvist');
  const { pair, from, to } = await choose();
  const asked = `cameras=${pair}&from=${from}&to=${to}&window=600`;
  await page.goto(`${CITY}/evidence/new?${asked}&step=3`);
  const why = 'He passed both cameras; which way he went is seen only side by side.';
  await because(page, `TEST/${Date.now()}/several`, why);
  await page.getByRole('button', { name: 'Next: Read again and send' }).click();
  await until(page, () => !!document.querySelector('button[data-ready]'));
  await page.getByRole('button', { name: 'File the request' }).click();
  const id = await until(page, () => /^\/evidence\/([0-9a-f]{64})$/.exec(location.pathname)?.[1]);
  for (const [person, act] of KEYS) {
    const data = { person, request: id, act, note: '', passphrase: 'demo' };
    const res = await context.request.post(`${DESK}/desk/act`, { data, headers: { origin: DESK } });
    assert.ok(res.ok(), `${person} could not ${act}`);
  }
  return { id, pair, from };
}

const play = () => page.getByRole('button', { name: 'Play', exact: true });
const slider = () => page.getByLabel('Moment shown');
/** The recorder's time of each frame on the screen. */
const drawn = () =>
  page.evaluate(() =>
    [...document.querySelectorAll('.tile')].map((t) => Number(t.dataset.drawn ?? NaN)),
  );
/** The page says which frame stands there at its next beat, not with the frame itself. */
const standing = () =>
  until(page, () => document.querySelectorAll('.tile[data-drawn]').length === 2);
/** Waits until nothing moves any more: all screens drew the moment that they stand at. */
async function still() {
  let last = '';
  for (let same = 0; same < 5; ) {
    const now = JSON.stringify(await drawn());
    same = now === last ? same + 1 : 0;
    last = now;
    await page.waitForTimeout(100);
  }
  return JSON.parse(last);
}
function together(times, what) {
  assert.ok(times.length >= 2 && times.every(Number.isFinite), `${what}: ${times}`);
  const apart = Math.max(...times) - Math.min(...times);
  assert.ok(apart <= APART_US, `${what}: ${apart} µs apart`);
}
/** Both moved the same way. */
function moved(before, now, way, what) {
  const ways = now.map((t, i) => Math.sign(t - before[i]));
  assert.ok(ways.every((w) => w === way), `${what}: ${before} → ${now}`);
}

test('two cameras play at one moment', { timeout: 180_000 }, async (t) => {
  ({ id: request, pair: ids, from } = await opened());
  await page.goto(`${CITY}/evidence/${request}?at=${from}`);
  // One alone, until another is asked for.
  await until(page, () => document.querySelectorAll('.tile').length === 1);
  const group = page.getByRole('group', { name: 'Cameras at one moment' });
  await group.getByRole('button', { pressed: false }).click();
  await until(page, () => document.querySelectorAll('.tile').length === 2);
  assert.equal(new URL(page.url()).searchParams.get('cameras'), ids.join());

  // What stands in the log before anything is drawn: a line for each camera.
  const lines = [];
  page.on('request', (r) => {
    if (r.url().endsWith(`/requests/${request}/access`)) lines.push(r.postDataJSON().act);
  });
  await play().click();
  await until(page, () => {
    const wrong = document.querySelector('.player .notice.bad, .player .stop[role=alert]');
    if (wrong) throw new Error(wrong.textContent);
    return document.querySelectorAll('[data-first-frame]').length === 2;
  });
  assert.deepEqual(lines, ['play', 'play']);
  await standing();
  const begun = await drawn();
  await until(
    page,
    (b) => [...document.querySelectorAll('.tile')].every((x, i) => x.dataset.drawn > b[i] + 1.5e6),
    begun,
  );
  const counted = await page.evaluate(() =>
    [...document.querySelectorAll('video')].map(
      (v) => v.getVideoPlaybackQuality().totalVideoFrames,
    ),
  );
  assert.ok(counted.every((n) => n > 5), `frames drawn: ${counted}`);
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  const paused = await still();
  t.diagnostic(`apart when paused: ${Math.abs(paused[0] - paused[1])} µs`);
  together(paused, 'paused');
  assert.equal(await page.evaluate(() => document.querySelectorAll('.tile .over').length), 2);
  assert.deepEqual(await axe(page), [], 'two cameras, paused');
});

test('a step, a seek by keyboard and one by pointer move both', { timeout: 120_000 }, async () => {
  const at = await still();
  await page.getByRole('button', { name: 'Frame forward' }).click();
  await page.getByRole('button', { name: 'Frame forward' }).click();
  const on = await still();
  moved(at, on, 1, 'two steps forward');
  together(on, 'stepped');
  await slider().focus();
  for (let i = 0; i < 4; i += 1) await page.keyboard.press(',');
  const back = await still();
  moved(on, back, -1, 'four steps back');
  together(back, 'stepped back');

  // Each a line of the log for each camera, and only then a picture.
  const lines = [];
  page.on('request', (r) => {
    if (r.url().endsWith(`/requests/${request}/access`)) lines.push(r.postDataJSON().act);
  });
  await page.keyboard.press('ArrowRight');
  const right = await still();
  moved(back, right, 1, 'a second to the right');
  together(right, 'after the key');
  assert.deepEqual(lines, ['seek', 'seek']);
  const lanes = await page.locator('.player .lanes > svg').boundingBox();
  await page.mouse.move(lanes.x + lanes.width * 0.5, lanes.y + lanes.height - 12);
  await page.mouse.down();
  await page.mouse.move(lanes.x + lanes.width * 0.55, lanes.y + lanes.height - 12);
  await page.mouse.move(lanes.x + lanes.width * 0.6, lanes.y + lanes.height - 12);
  assert.equal(lines.length, 2, 'a pull is one move, when it ends');
  await page.mouse.up();
  const pulled = await still();
  together(pulled, 'after the pull');
  assert.ok(Math.abs(pulled[0] - right[0]) > 1e6, `the pull moved it: ${right} → ${pulled}`);
  assert.deepEqual(lines, ['seek', 'seek', 'seek', 'seek']);

  // The address brings it back, one camera or both.
  const kept = await until(page, () => new URLSearchParams(location.search).get('at'));
  assert.ok(Math.abs(Number(kept) - pulled[0]) < APART_US, `${kept} in the address`);
  await page.reload();
  await play().click();
  await until(page, () => document.querySelectorAll('[data-first-frame]').length === 2);
  await standing();
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  const again = await still();
  together(again, 'after a reload');
  assert.ok(again[0] >= Number(kept) - APART_US, 'it begins where it was left');
});

test('a line that the log did not take shows no frame', { timeout: 60_000 }, async () => {
  const path = `**/requests/${request}/access`;
  const at = await still();
  const held = [];
  await page.route(path, (r) => held.push(r));
  await slider().focus();
  await page.keyboard.press('ArrowLeft');
  while (held.length < 2) await page.waitForTimeout(50);
  assert.deepEqual(await still(), at, 'the old frames stand while the log is asked');
  for (const r of held) await r.abort();
  await until(page, () => document.querySelectorAll('.player .notice.bad').length === 2);
  await page.unroute(path);
});

test('one without the moment says so, a broken one stops alone', { timeout: 120_000 }, async () => {
  // The second camera's list loses its first span: as if it had never been opened.
  const [, second] = ids;
  let begins = 0;
  await page.route(`**/requests/${request}/footage`, async (route) => {
    const answer = await route.fetch();
    const list = await answer.json();
    const own = list.cameras.find((c) => c.camera === second);
    const opens = own.records.filter((r) => r.kind === 'span_open').map((r) => r.seq);
    own.records = own.records.filter((r) => r.seq >= opens.at(-1));
    begins = own.records.find((r) => r.kind === 'piece').begin;
    await route.fulfill({ response: answer, json: list });
  });
  const here = `${CITY}/evidence/${request}?cameras=${ids}`;
  await page.goto(here);
  await until(page, () => document.querySelectorAll('.tile').length === 2);
  await page.goto(`${here}&at=${begins - 6e6}`);
  await until(page, () => document.querySelectorAll('.tile').length === 2);
  await until(
    page,
    (c) =>
      /was opened at this moment/.test(
        document.querySelector(`[data-camera="${c}"]`).textContent,
      ),
    second,
  );
  await play().click();
  // The first goes on alone; the other comes in when its footage begins.
  await until(
    page,
    (c) => document.querySelector('[data-drawn]:not(:has(.idle))') &&
      document.querySelector(`[data-camera="${c}"][data-here="false"]:not([data-drawn])`),
    second,
  );
  assert.deepEqual(await axe(page), [], 'a camera without the moment');
  await until(page, () => document.querySelectorAll('[data-drawn]:not(:has(.idle))').length === 2);
  await page.unroute(`**/requests/${request}/footage`);

  const broken = ids[0];
  await page.route(new RegExp(`/footage/${broken}\\?`), async (route) => {
    const answer = await route.fetch();
    const bytes = await answer.body();
    const first = 96 + bytes.readUInt32BE(60) + 64;
    bytes[first + 96 + 40] ^= 1;
    await route.fulfill({ response: answer, body: bytes });
  });
  await page.goto(`${here}&at=${from}`);
  await until(page, () => document.querySelectorAll('.tile').length === 2);
  await play().click();
  const said = await until(
    page,
    () => document.querySelector('.tile .stop[role=alert]')?.textContent,
  );
  const name = await page.locator(`[data-camera="${broken}"] h3`).textContent();
  assert.ok(said.includes(`${name}: Seal broken at`), said);
  await until(
    page,
    (c) => document.querySelector(`[data-camera="${c}"] [data-first-frame]`),
    second,
  );
  const shown = (c) => document.querySelector(`[data-camera="${c}"]`).dataset.drawn;
  const was = Number(await until(page, shown, second));
  await until(
    page,
    ([c, t]) => Number(document.querySelector(`[data-camera="${c}"]`).dataset.drawn) > t + 5e5,
    [second, was],
  );
  assert.deepEqual(await axe(page), [], 'a camera whose seal is broken');
  await page.unroute(new RegExp(`/footage/${broken}\\?`));
});

test('on a phone, in the dark and in Serbian', { timeout: 120_000 }, async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto(`${CITY}/evidence/${request}?cameras=${ids}&at=${from}&lang=sr`);
  await page.getByRole('button', { name: 'Пустите', exact: true }).click();
  await until(page, () => document.querySelectorAll('[data-first-frame]').length === 2);
  await standing();
  await page.getByRole('button', { name: 'Пауза', exact: true }).click();
  together(await still(), 'on a phone');
  // Colours pass into each other for a moment.
  await page.waitForTimeout(400);
  assert.deepEqual(await axe(page), [], 'on a phone');
  const wide = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  assert.equal(wide, 0, 'nothing is wider than the screen');
  const over = await page.evaluate(() => {
    const boxes = [...document.querySelectorAll('.player .ticks.no-print span')].map((s) =>
      s.getBoundingClientRect(),
    );
    return boxes.some((b, i) => i > 0 && b.left < boxes[i - 1].right);
  });
  assert.equal(over, false, 'no time of the bar runs into the next');
  assert.deepEqual(faults, []);
});
