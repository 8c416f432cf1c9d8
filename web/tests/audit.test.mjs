// The auditor's window: search, two dates, a forged head, what is unexplained, files to take away,
// a lying tile, paper. Reads only: what it needs in the log it files itself. By keyboard: tasks.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { axe, become, CITY, launch, open, until } from './browser.mjs';
import { entry, lie } from './liar.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(async () => browser?.close());

const wide = { locale: 'en-GB', viewport: { width: 1280, height: 900 } };
const good = () => !!document.querySelector('[data-head="good"]');
const searched = () =>
  /end|full/.test(document.querySelector('[data-search]')?.dataset.search);
const body = async (path) => (await fetch(`${CITY}${path}`)).text();

test('a search folds scripts, is a link, and can be kept', { timeout: 60_000 }, async () => {
  const context = await browser.newContext(wide);
  const { page, faults } = await open(context);
  // Latin letters typed on a Cyrillic page.
  await page.goto(`${CITY}/audit?lang=sr&find=upisana+kamera`);
  await until(page, good);
  await until(page, searched);
  const enrolled = await page.locator('tbody button').count();
  assert.ok(enrolled > 0);
  await page.goto(`${CITY}/audit?lang=en&kind=camera_enrolled`);
  await until(page, good);
  await until(page, searched);
  assert.equal(await page.locator('tbody button').count(), enrolled, 'the same by kind');

  await page.getByLabel('Save this search as').fill('Cameras');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.goto(`${CITY}/audit`);
  await page.getByRole('link', { name: 'Cameras', exact: true }).click();
  await until(page, () => new URL(location.href).searchParams.get('kind') === 'camera_enrolled');
  const file = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as a file of links' }).click();
  const links = readFileSync(await (await file).path(), 'utf8');
  assert.equal(links, `Cameras\n${CITY}/audit?kind=camera_enrolled\n\n`);

  // A hash finds its entry, and so does the hash of the entry itself.
  const { entries } = JSON.parse(await body('/api/v1/log/entries?from=1&limit=1'));
  const mark = entries[0].entry.camera_commitment;
  await page.goto(`${CITY}/audit?find=${mark.slice(0, 12)}`);
  await until(page, searched);
  assert.equal(await page.locator('tbody tr').count(), 1);
  await page.goto(`${CITY}/audit?find=zzz`);
  await page.getByText('No entry matches this search.', { exact: false }).waitFor();
  assert.deepEqual(faults, []);
  await context.close();
});

test('minutes of chain heads stand as one line', { timeout: 100_000 }, async () => {
  const { page } = await open(await browser.newContext(wide));
  await page.goto(`${CITY}/audit`);
  // A demo that has just begun has its first minute after a minute.
  for (;;) {
    await until(page, good);
    await until(page, searched);
    if (await page.locator('tr.run').count()) break;
    await page.waitForTimeout(5_000);
    await page.getByRole('button', { name: 'Check again' }).click();
  }
  const text = await page.locator('tr.run').first().innerText();
  assert.match(text, /\d+ minutes? of chain heads/);
  await page.locator('tr.run a').first().click();
  await until(page, () => new URL(location.href).searchParams.get('kind') === 'heads');
  await until(page, searched);
  assert.ok((await page.locator('tbody button').count()) > 0);
});

test('two dates are proven, a kept head is held against today', { timeout: 60_000 }, async () => {
  const { page, faults } = await open(await browser.newContext(wide));
  const note = await body('/log/checkpoint');
  await page.goto(`${CITY}/audit/between`);
  // A demo is younger than a week: its log's first day is asked about, before which nothing was.
  await until(page, () => !!document.querySelector('[data-between="began"]'));
  assert.equal(await page.locator('.notice.good').count(), 0, 'nothing is said to be proven');
  await page.getByRole('link', { name: 'camera enrolled' }).waitFor();
  const check = async (text, verdict) => {
    await page.getByLabel('Paste a kept checkpoint').fill(text);
    await page.getByRole('button', { name: 'Check it' }).click();
    await until(page, (v) => document.querySelector('[data-kept]')?.dataset.kept === v, verdict);
  };
  await check(note, 'holds');
  await check(note.replace(/\n(\d+)\n/, (_, n) => `\n${Number(n) - 1}\n`), 'unsigned');
  await check(note.replace(/^.*\n/, 'other.example/log\n'), 'other');
  await check('some words', 'malformed');
  await page.goto(`${CITY}/audit/between?from=2026-11-09&to=2026-11-01`);
  await page.getByText('The first date is after the second one.', { exact: false }).waitFor();
  assert.deepEqual(await axe(page), []);
  assert.deepEqual(faults, []);
});

test('a fork is named loudly, with what to do', { timeout: 60_000 }, async () => {
  const { page, faults } = await open(await browser.newContext(wide));
  await page.goto(`${CITY}/audit`);
  await until(page, good);
  // What this browser saw before was another history of the same length, as signed by the city.
  const seen = await page.evaluate(() => localStorage.getItem('loggia-log-seen'));
  const forged = JSON.parse(seen).map((s) => ({ ...s, root: btoa('x'.repeat(32)) }));
  await page.evaluate((s) => localStorage.setItem('loggia-log-seen', s), JSON.stringify(forged));
  await page.reload();
  await until(page, () => !!document.querySelector('[data-fork="fork"]'));
  await page.getByText('What you saw before was changed', { exact: false }).waitFor();
  const file = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save the evidence' }).click();
  const evidence = JSON.parse(readFileSync(await (await file).path(), 'utf8'));
  assert.equal(evidence.seen_then.root, forged[0].root);
  assert.match(evidence.seen_now.note, /\n\n— /);
  assert.deepEqual(await axe(page), []);
  // It stays: nothing of what was seen is overwritten before a person says so.
  await page.reload();
  await until(page, () => !!document.querySelector('[data-fork="fork"]'));
  await page.getByRole('button', { name: 'Forget what was seen before' }).click();
  await until(page, good);

  // A head that is not signed by the log's key.
  const note = await body('/log/checkpoint');
  const unsigned = note.replace(/\n[A-Za-z0-9+/]{43}=\n/, `\n${btoa('y'.repeat(32))}\n`);
  assert.notEqual(unsigned, note);
  await page.route('**/log/checkpoint', (r) => r.fulfill({ body: unsigned }));
  await page.reload();
  await until(page, () => !!document.querySelector('[data-head="bad"]'));
  await page.getByText('The head is not signed by the log’s key.').waitFor();
  assert.deepEqual(faults, []);
});

test('a server that changes an entry is caught, and by number', { timeout: 60_000 }, async () => {
  const context = await browser.newContext(wide);
  const { page } = await open(context);
  await context.route('**/log/tile/entries/**', async (route) => {
    const answer = await route.fetch();
    const bytes = Buffer.from(await answer.body());
    bytes[bytes.indexOf('"version":1') + 10] = 0x32;
    await route.fulfill({ response: answer, body: bytes });
  });
  await page.goto(`${CITY}/audit?entry=0`);
  await until(page, () => !!document.querySelector('[data-proof="fails"]'));
  await page.getByText(/Entries 0–\d+ are not what the signed head says/).waitFor();
  assert.equal(await page.locator('tbody tr').count(), 0, 'nothing unproven is shown');
  await context.close();
});

test('what is unexplained: for all, and more for the auditor', { timeout: 90_000 }, async () => {
  const { page, faults } = await open(await browser.newContext(wide));
  await page.goto(`${CITY}/audit/unexplained?days=0`);
  const read = () =>
    /^\d+$/.test(document.querySelector('[data-unexplained]')?.dataset.unexplained);
  await until(page, read);
  await page.getByText('Footage opened without a request').waitFor();
  await page.getByText('The oversight body’s auditor sees more here', { exact: false }).waitFor();
  const said = await page.locator('main').innerText();
  // A demo in order: each opening has its request and its approval, cameras are enrolled.
  const done = said.slice(said.indexOf('Looked for, and not found'));
  const fine = ['without a request', 'other body’s approval', 'never enrolled', 'not named'];
  for (const kind of fine) {
    assert.ok(done.includes(kind), `${kind}: ${said}`);
  }
  assert.deepEqual(await axe(page), []);
  await become(page, 'm.niemi');
  await page.goto(`${CITY}/audit/unexplained`);
  await page.getByText('Cases with an opening that nobody closed').waitFor();
  assert.deepEqual(await axe(page), []);
  await become(page, 'p.lindqvist');
  const not = await page.evaluate(async () => (await fetch('/api/v1/unexplained')).status);
  assert.equal(not, 403);
  assert.deepEqual(faults, []);
});

test('entries of some days, and one entry, are taken away whole', { timeout: 60_000 }, async () => {
  const { page, faults } = await open(await browser.newContext(wide));
  await page.goto(`${CITY}/audit/take`);
  await until(page, () => !document.querySelector('.row button:disabled'));
  const take = async (button) => {
    const file = page.waitForEvent('download');
    await page.getByRole('button', { name: button }).click();
    return (await file).path();
  };
  const lines = readFileSync(await take('As JSON lines'), 'utf8').trimEnd().split('\n');
  const { entries } = JSON.parse(await body('/api/v1/log/entries?from=0&limit=3'));
  const first = lines.slice(0, 3).map((l) => JSON.parse(l));
  assert.deepEqual(
    first,
    entries.map((e) => e.entry),
  );
  const table = readFileSync(await take('As a table'), 'utf8').split('\r\n');
  assert.ok(table.length >= lines.length + 2);
  assert.match(table[1], /^0,\d{4}-\d\d-\d\dT/);
  assert.match(readFileSync(await take(/^List of/), 'utf8'), /\/log\/tile\/entries\/000/);

  await page.goto(`${CITY}/audit?entry=0`);
  await until(page, () => !!document.querySelector('[data-proof="holds"]'));
  const saved = readFileSync(await take(/^Save entry-0\.json/), 'utf8');
  const receipt = JSON.parse(saved);
  // scripts/e2e.sh has `loggia verify` read it.
  if (process.env.KEEP_ENTRY) writeFileSync(process.env.KEEP_ENTRY, saved);
  assert.equal(receipt.entry_index, 0);
  assert.equal(Buffer.from(receipt.entry, 'base64').toString(), lines[0]);
  assert.deepEqual(faults, []);
});

test('a page prints as a paper', { timeout: 60_000 }, async () => {
  const { page } = await open(await browser.newContext(wide));
  await page.goto(`${CITY}/audit?entry=0`);
  await until(page, () => !!document.querySelector('[data-proof="holds"]'));
  await page.reload();
  await until(page, () => !!document.querySelector('[data-proof="holds"]'));
  await page.emulateMedia({ media: 'print' });
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
  const paper = await page.evaluate(() => document.body.innerText);
  assert.match(paper, /Demo Helsinki · .*\/audit\?entry=0/);
  assert.match(paper, /Head of the public log that this browser checked: \d/);
  for (const gone of ['Check again', 'Public square', 'Search the log', 'Skip to the page']) {
    assert.ok(!paper.includes(gone), gone);
  }
  const pdf = await page.pdf({ format: 'A4' });
  assert.ok(pdf.length > 10_000);
  if (process.env.KEEP_PAPER) writeFileSync(process.env.KEEP_PAPER, pdf);
});

const now = Math.floor(Date.now() / 1000);
const REQUEST = 'ab'.repeat(32);
const opening = (at) =>
  entry('opening', at, { request: REQUEST, body: 'police', length_s: 60, cameras: 1 });
const minutes = (n, to = 60) =>
  Array.from({ length: n }, (_, i) =>
    entry('heads', now - to - (n - 1 - i) * 60, { root: '00'.repeat(32), cameras: 1, gaps: 0 }),
  );
const asked = () => /^\d+$/.test(document.querySelector('[data-unexplained]')?.dataset.unexplained);

test('an opening that lies about its time is asked about', { timeout: 60_000 }, async () => {
  for (const at of [now - 40 * 86_400, -1, 'text']) {
    const context = await browser.newContext(wide);
    const { page, faults } = await open(context);
    const log = minutes(30);
    await lie(context, [...log.slice(0, 20), opening(at), ...log.slice(20)]);
    await page.goto(`${CITY}/audit/unexplained`);
    await until(page, asked);
    const said = await page.locator('main').innerText();
    const found = said.slice(0, said.indexOf('Looked for, and not found'));
    for (const what of ['Footage opened without a request', 'Times that do not fit', 'Entry 20']) {
      assert.ok(found.includes(what), `${at}: ${what} in ${said}`);
    }
    assert.deepEqual(faults, []);
    await context.close();
  }
});

test('malformed entries are rows, and hide nothing', { timeout: 60_000 }, async () => {
  const context = await browser.newContext(wide);
  const { page, faults } = await open(context);
  const nested = '['.repeat(20_000) + ']'.repeat(20_000);
  const deep = `{"v":1,"kind":"opening","at":${now},"x":${nested}}`;
  const far = entry('hold', now - 300, { body: 'police', until: 2 ** 52, review: 1 });
  const bad = ['[]', '"x"', 'null', '{"at":', deep, Buffer.from([0xff, 0xfe]), opening(1e300), far];
  const log = minutes(30);
  await lie(context, [...log.slice(0, 20), ...bad, ...log.slice(20, 25)]);
  await page.goto(`${CITY}/audit`);
  await until(page, good);
  await until(page, searched);
  assert.equal(await page.getByText('Malformed entry.').count(), 7);
  await page.getByText('Footage was put on hold by', { exact: false }).waitFor();
  assert.equal(await page.locator('tr.run').count(), 2);
  await page.goto(`${CITY}/audit?entry=25`);
  await until(page, () => !!document.querySelector('[data-malformed="json"]'));
  const file = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save entry-25.bin' }).click();
  assert.deepEqual(readFileSync(await (await file).path()), Buffer.from([0xff, 0xfe]));
  assert.deepEqual(await axe(page), []);
  await page.goto(`${CITY}/audit?entry=27`);
  await until(page, () => !!document.querySelector('[data-proof="holds"]'));
  await page.goto(`${CITY}/audit/unexplained`);
  await until(page, asked);
  await page.getByText('Malformed entries').waitFor();
  assert.deepEqual(faults, []);
  await context.close();
});

test('a kept head newer than the page is no fork', { timeout: 60_000 }, async () => {
  const context = await browser.newContext(wide);
  const { page, faults } = await open(context);
  const log = await lie(context, minutes(30, 120));
  await page.goto(`${CITY}/audit/between`);
  await until(page, good);
  const check = async (text, verdict) => {
    await page.getByLabel('Paste a kept checkpoint').fill(text);
    await page.getByRole('button', { name: 'Check it' }).click();
    await until(page, (v) => document.querySelector('[data-kept]')?.dataset.kept === v, verdict);
  };
  log.grow(minutes(1));
  const newer = log.note();
  await check(newer, 'holds');
  log.cut(30);
  await page.reload();
  await until(page, () => !!document.querySelector('[data-head]'));
  await check(newer, 'short');
  assert.deepEqual(faults, []);
  await context.close();
});

test('damaged saved searches stop nothing', { timeout: 60_000 }, async () => {
  const { page, faults } = await open(await browser.newContext(wide));
  await page.goto(`${CITY}/audit`);
  const [a, b] = ['/audit?kind=heads', '/audit?kind=hold'];
  const stored = [
    null,
    5,
    { name: 'x', href: 'javascript:alert(1)' },
    { name: 'twice', href: a },
    { name: 'again', href: a },
    { name: 'other', href: b },
  ];
  const keep = (s) => localStorage.setItem('loggia-log-searches', s);
  await page.evaluate(keep, JSON.stringify(stored));
  await page.reload();
  await until(page, good);
  const links = await page.locator('.saved a').evaluateAll((all) => all.map((x) => x.textContent));
  assert.deepEqual(links, ['twice', 'other']);
  assert.deepEqual(faults, []);
});

test('the words of the square find entries', { timeout: 60_000 }, async () => {
  const context = await browser.newContext(wide);
  const { page } = await open(context);
  const fields = { request: REQUEST, body: 'police', length_s: 60, cameras: 1 };
  const hold = { body: 'city', until: now, review: now };
  await lie(context, [
    ...minutes(3),
    opening(now - 30),
    entry('live_view', now - 29, fields),
    entry('hold', now - 28, hold),
    entry('request_filed', now - 27, fields),
  ]);
  const finds = async (lang, words, index) => {
    await page.goto(`${CITY}/audit?lang=${lang}&find=${encodeURIComponent(words)}`);
    await until(page, good);
    await until(page, searched);
    const rows = await page.locator('tbody button').allInnerTexts();
    assert.ok(rows.includes(String(index)), `${words}: ${rows}`);
  };
  for (const w of ['opening', 'openings', 'Openings opened']) await finds('en', w, 3);
  for (const w of ['live view', 'live views', 'live_view']) await finds('en', w, 4);
  for (const w of ['hold', 'holds']) await finds('en', w, 5);
  for (const w of ['request', 'requests']) await finds('en', w, 6);
  for (const w of ['отварање', 'otvaranja']) await finds('sr', w, 3);
  await finds('sr', 'гледање уживо', 4);
  await context.close();
});

test('the paper of an entry is about it, with what is folded', { timeout: 60_000 }, async () => {
  const { page } = await open(await browser.newContext(wide));
  await page.goto(`${CITY}/audit?entry=0`);
  await until(page, () => !!document.querySelector('[data-proof="holds"]'));
  await until(page, searched);
  assert.match(await page.title(), /^Entry 0 · /);
  await page.emulateMedia({ media: 'print' });
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
  const paper = await page.evaluate(() => document.body.innerText);
  assert.match(paper, /Filled circles are computed in your browser/);
  assert.match(paper, /Root recomputed from the tiles/);
  assert.equal(await page.locator('tbody tr:visible').count(), 0, 'no list of other entries');
  await page.evaluate(() => dispatchEvent(new Event('afterprint')));
  assert.equal(await page.locator('details[open]').count(), 0);
});
