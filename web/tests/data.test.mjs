// The city's data: found, shown beside a map, drawn over time, subscribed to. By keyboard where it
// is not the map; against what the API says, and with a real receiver of notifications.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { axe, CITY, launch, open, until } from './browser.mjs';
import { AIR, airId, AIRS, api, entityPath, town } from './town.mjs';

let browser;
before(async () => {
  browser = await launch();
  await town();
});
after(async () => browser?.close());

const WIDE = { locale: 'en-GB', viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' };
const PHONE = {
  locale: 'en-GB',
  viewport: { width: 390, height: 844 },
  colorScheme: 'dark',
  reducedMotion: 'reduce',
};
const ready = () => !document.querySelector('[aria-busy=true]') && !!document.querySelector('h1');
const text = (css) => [...document.querySelectorAll(css)].map((e) => e.textContent.trim());
const inAddress = (name) => new URL(location.href).searchParams.get(name);

async function at(path, how = WIDE, lang = 'en') {
  const context = await browser.newContext(how);
  const { page, faults } = await open(context);
  await page.goto(`${CITY}${path}${path.includes('?') ? '&' : '?'}lang=${lang}`);
  await until(page, ready);
  return { context, page, faults };
}
/** Tabs until the thing has the focus: what cannot be reached so is not there for a keyboard. */
async function tabTo(page, css) {
  for (let i = 0; i < 120; i += 1) {
    if (await page.evaluate((c) => !!document.activeElement?.matches(c), css)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab does not reach ${css}`);
}
const rows = (page) => page.evaluate(() => document.querySelectorAll('tbody tr').length);

test(
  'what there is: types with their counts, and a search over all',
  { timeout: 60_000 },
  async () => {
    const { page, context, faults } = await at('/data');
    await until(page, () => !!document.querySelector('a.kind'));
    const card = page.locator('a.kind', { hasText: 'Town Air' });
    assert.equal(await card.locator('.count').textContent(), String(AIRS));
    await tabTo(page, '#find-all');
    await page.keyboard.type('mikonkatu 4');
    await page.keyboard.press('Enter');
    await until(page, () =>
      [...document.querySelectorAll('.hits a')].some((a) => a.textContent === 'Mikonkatu 4'),
    );
    assert.equal(await page.evaluate(inAddress, 'find'), 'mikonkatu 4');
    // By id, and what nothing is called.
    await page.locator('#find-all').fill('TownGround:2');
    await page.keyboard.press('Enter');
    await until(page, () => document.querySelector('.hits a')?.textContent === 'Street');
    await page.locator('#find-all').fill('(no.such[');
    await page.keyboard.press('Enter');
    await until(page, () => document.body.textContent.includes('Nothing has “(no.such[”'));
    assert.deepEqual(await axe(page), []);
    await page.goBack();
    assert.deepEqual(faults, []);
    await context.close();
  },
);

test('a type by keyboard: words, pages, order, columns', { timeout: 90_000 }, async () => {
  const { page, context, faults } = await at(`/data/${AIR}`);
  await until(page, () => document.querySelectorAll('tbody tr').length === 25);
  const status = () => document.querySelector('[data-count]')?.dataset.count;
  assert.equal(await page.evaluate(status), String(AIRS));
  await tabTo(page, '.pages button:not([disabled])');
  await page.keyboard.press('Enter');
  await until(page, () => document.querySelectorAll('tbody tr').length === 5);
  assert.equal(await page.evaluate(inAddress, 'page'), '2');
  await page.goBack();
  await until(page, () => document.querySelectorAll('tbody tr').length === 25);

  const sort = page.locator('th button', { hasText: 'NO2' });
  await sort.focus();
  await page.keyboard.press('Enter');
  await until(page, () => document.querySelector('th[aria-sort=ascending]'));
  await sort.focus();
  await page.keyboard.press('Enter');
  await until(
    page,
    () =>
      document.querySelector('tbody tr td:nth-child(2)')?.textContent.trim() === `50\u00a0µg/m³`,
  );
  assert.equal(await page.evaluate(inAddress, 'sort'), 'NO2;desc');

  await page.locator('#find').fill('kaivo');
  await page.keyboard.press('Enter');
  await until(page, () => document.querySelector('[data-count]')?.dataset.count === '10');
  const names = await page.evaluate(text, 'tbody td.name a');
  assert.equal(names[0], 'Kaivokatu 30', 'the order holds for what words find');
  await page.getByText(/^Columns/).click();
  await page.getByLabel('State', { exact: true }).setChecked(false);
  const heads = () =>
    [...document.querySelectorAll('th')].map((t) => t.textContent.replace('↓', '').trim());
  await until(
    page,
    () => ![...document.querySelectorAll('th')].some((t) => t.textContent.trim() === 'State'),
  );
  assert.equal(await page.evaluate(inAddress, 'cols'), 'NO2,PM10,refDevice');
  assert.deepEqual(await page.evaluate(heads), ['Name', 'NO2', 'PM10', 'Ref Device', 'Age']);
  assert.deepEqual(await axe(page), []);
  assert.deepEqual(faults, []);
  await context.close();
});

test(
  'a query is the server’s to judge, and its word stands at the field',
  { timeout: 60_000 },
  async () => {
    const { page, context } = await at(`/data/${AIR}?q=NO2%3E%3E4`);
    await until(page, () => !!document.querySelector('#q-wrong'));
    const q = encodeURIComponent('NO2>>4');
    const said = await (await fetch(`${CITY}/ngsi-ld/v1/entities?type=${AIR}&q=${q}`)).json();
    assert.equal(await page.locator('#q-wrong').textContent(), said.detail);
    const field = page.locator('#q');
    assert.equal(await field.getAttribute('aria-invalid'), 'true');
    assert.match(await field.getAttribute('aria-describedby'), /q-wrong/);
    assert.deepEqual(await axe(page), []);
    await field.fill('NO2>47|state=="off"');
    await page.locator('#find').fill('mikonkatu');
    await page.keyboard.press('Enter');
    // By name 1, 4, 7 … 28: of them 10 and 25 are off, and 28 is over 47.
    await until(page, () => document.querySelector('[data-count]')?.dataset.count === '3');
    assert.equal(await rows(page), 3);
    await context.close();
  },
);

test('map and table are one: chosen and pointed at in either', { timeout: 120_000 }, async () => {
  const { page, context, faults } = await at(
    `/data/${AIR}?find=${encodeURIComponent('TownAir:17')}`,
  );
  await until(page, () => document.querySelectorAll('tbody tr').length === 1);
  await until(page, () => document.querySelector('[data-drawn=true]'), null, 60_000);
  // One alone stands in the middle of the map.
  const box = await page.locator('.map canvas').boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await until(page, () => document.querySelectorAll('tbody tr').length === 1);
  for (let i = 0; i < 50 && !(await page.locator('tr.hot').count()); i += 1) {
    await page.mouse.move(x - 1 + (i % 3), y);
    await page.waitForTimeout(100);
  }
  assert.equal(await page.locator('tr.hot').getAttribute('id'), `row-${airId(17)}`);
  await page.mouse.click(x, y);
  await until(page, () => !!document.querySelector('section.chosen'));
  assert.equal(await page.evaluate(inAddress, 'chosen'), airId(17));
  assert.equal(await page.locator('.pick').getAttribute('aria-pressed'), 'true');
  assert.deepEqual(await axe(page), []);
  // And back, by keyboard from the table.
  await page.locator('.pick').focus();
  await page.keyboard.press('Enter');
  await until(page, () => !document.querySelector('section.chosen'));
  assert.equal(await page.evaluate(inAddress, 'chosen'), null);
  assert.deepEqual(faults, []);
  await context.close();
});

test('areas and lines are drawn, and coloured by what is chosen', { timeout: 90_000 }, async () => {
  const { page, context } = await at('/data/TownGround');
  await until(page, () => document.querySelector('[data-drawn=true]'), null, 60_000);
  assert.deepEqual(await page.evaluate(text, '.legend li'), [
    '2 – 4',
    '4 – 6',
    '6 – 8',
    '8 – 10',
    '10 – 12',
  ]);
  await page.locator('#colour').selectOption('kind');
  await until(page, () => document.querySelectorAll('.legend li').length === 2);
  assert.deepEqual(await page.evaluate(text, '.legend li'), ['area', 'line']);
  await context.close();
});

test(
  'what is written appears by itself, and what is old is called old',
  { timeout: 120_000 },
  async () => {
    const { page, context } = await at(`${entityPath(airId(2))}`);
    await until(page, () => document.querySelectorAll('tbody tr').length > 3);
    const value = 1000 + Math.floor(Math.random() * 1000);
    const observedAt = new Date().toISOString();
    await api('PATCH', `/entities/${airId(2)}/attrs`, {
      NO2: { type: 'Property', value, unitCode: 'GQ', observedAt },
    });
    const shown = value.toLocaleString('en-GB');
    await until(page, (v) => document.body.textContent.includes(`${v}\u00a0µg/m³`), shown, 30_000);
    // The server goes away for this page: what it says stays, with its age and why.
    await context.setOffline(true);
    await until(
      page,
      () => document.querySelector('.asof')?.textContent.includes('does not answer'),
      null,
      45_000,
    );
    assert.ok(await page.evaluate((v) => document.body.textContent.includes(v), shown));
    await context.setOffline(false);
    await page.getByRole('button', { name: 'Ask now' }).click();
    await until(
      page,
      () => !document.querySelector('.asof')?.textContent.includes('does not answer'),
    );
    await api('PATCH', `/entities/${airId(2)}/attrs`, {
      NO2: { type: 'Property', value: 22, unitCode: 'GQ', observedAt },
    });
    await context.close();
  },
);

test(
  'an entity: instances, doubt, relationships; its history as chart, table and file',
  { timeout: 120_000 },
  async () => {
    const { page, context, faults } = await at(
      `${entityPath(airId(1))}?span=own&from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z`,
    );
    await until(page, () => !!document.querySelector('[data-points="0"]'));
    assert.ok(
      (await page.evaluate(text, 'tbody td')).some((t) => t.includes('data set reference')),
    );
    await page.getByRole('button', { name: 'Hour', exact: true }).click();
    await until(page, () => Number(document.querySelector('p[data-points]')?.dataset.points) >= 55);
    await until(page, () => !!document.querySelector('.chart canvas'));
    // The table has what the API has.
    await page.getByText('The same numbers as a table').click();
    const first = await page.evaluate(
      () => document.querySelector('.rows tbody td.num').textContent,
    );
    const now = await api('GET', `/entities/${airId(1)}?options=keyValues`);
    assert.equal(Number(first), now.NO2);
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download as CSV' }).click(),
    ]);
    const stream = await file.createReadStream();
    let csv = '';
    for await (const part of stream) csv += part;
    const lines = csv.trim().split('\r\n');
    const points = await page.evaluate(() =>
      Number(document.querySelector('p[data-points]').dataset.points),
    );
    assert.equal(lines.length, points + 1);
    assert.equal(lines[0], 'entity,time,NO2 [µg/m³]');
    assert.match(lines[1], /^urn:ngsi-ld:TownAir:1,\d{4}-\d\d-\d\dT[\d:.]+Z,\d+$/);
    // By period: the mean, the least and the most of whole quarters of an hour.
    await page.locator('#by').selectOption('PT15M');
    await until(page, () => document.querySelectorAll('.keys li').length === 3);
    assert.match(await page.locator('p[data-points]').textContent(), /by 15 minutes/);
    assert.equal(await page.evaluate(inAddress, 'by'), 'PT15M');
    // Dates that run backwards.
    await page.getByRole('button', { name: 'Dates', exact: true }).click();
    await page.locator('#from').fill('2026-02-01T00:00');
    await page.locator('#to').fill('2026-01-01T00:00');
    await until(page, () => !!document.querySelector('#dates-wrong'));
    assert.deepEqual(await axe(page), []);
    await page.getByRole('link', { name: 'TownDevice:1' }).click();
    await until(page, () => document.querySelector('h1')?.textContent === 'Sensor one');
    assert.deepEqual(faults, []);
    await context.close();

    const doubt = await at(entityPath(airId(3)));
    await until(doubt.page, () => document.body.textContent.includes('frozen'));
    await doubt.context.close();
  },
);

/** A receiver of notifications on this machine, where the demo lets them go. */
async function receiver() {
  const got = [];
  const server = createServer((req, res) => {
    let body = '';
    req.on('data', (d) => (body += d));
    req.on('end', () => {
      got.push(JSON.parse(body));
      res.end();
    });
  });
  await new Promise((ok) => server.listen(0, '127.0.0.1', ok));
  return {
    got,
    uri: `http://127.0.0.1:${server.address().port}/told`,
    close: () => server.close(),
  };
}

test(
  'a subscription: wrong, counted, tried, made, told, paused, changed, deleted',
  { timeout: 180_000 },
  async () => {
    const there = await receiver();
    const { page, context, faults } = await at(`/data/subscriptions/new?type=${AIR}`);
    await until(
      page,
      (n) => document.querySelector('[data-matching]')?.dataset.matching === n,
      String(AIRS),
    );
    // Nothing said yet: the field that lacks has the focus.
    const make = page.getByRole('button', { name: 'Subscribe' });
    await make.focus();
    await page.keyboard.press('Enter');
    await until(page, () => document.activeElement?.id === 'uri');
    assert.equal(await page.locator('#uri').getAttribute('aria-invalid'), 'true');
    // What only the server can judge stands at its field, as it says it.
    await page.keyboard.type('ftp://x.example');
    await page.keyboard.press('Enter');
    await until(page, () =>
      /begins with http/.test(document.querySelector('#uri-wrong')?.textContent ?? ''),
    );
    assert.deepEqual(await axe(page), []);
    await page.locator('#uri').fill(there.uri);
    const name = `Page test ${Date.now()}`;
    await page.locator('#name').fill(name);
    await page.getByRole('checkbox', { name: 'NO2' }).first().setChecked(true);
    await page.locator('#add-condition').focus();
    await page.keyboard.press('Enter');
    await until(page, () => document.activeElement?.id === 'value-0');
    await page.keyboard.type('47');
    await until(page, () => document.querySelector('[data-matching]')?.dataset.matching === '3');
    await page.locator('#format').selectOption('keyValues');
    await page.getByRole('button', { name: 'Try it' }).click();
    await until(page, () => !!document.querySelector('#told'));
    const sample = JSON.parse(await page.locator('#told').textContent());
    assert.equal(sample.type, 'Notification');
    assert.ok(sample.data[0].NO2 > 47, 'the sample is in the form that was asked for');
    const sent = JSON.parse(await page.locator('#json').textContent());
    assert.equal(sent.q, 'NO2>47');
    // An area, typed: too few corners are said at the field.
    await page.getByLabel('within an area').check();
    await page.locator('#corners').fill('24.9, 60.1\n24.99, 60.1');
    await make.click();
    await until(page, () => document.activeElement?.id === 'corners');
    await page.locator('#corners').fill('24.9, 60.1\n24.99, 60.1\n24.99, 60.2\n24.9, 60.2');
    await make.click();
    await until(page, () => location.pathname === '/data/subscriptions');
    const card = page.locator('article', { hasText: name });
    await card.waitFor();

    const observedAt = new Date().toISOString();
    await api('PATCH', `/entities/${airId(5)}/attrs`, {
      NO2: { type: 'Property', value: 99, unitCode: 'GQ', observedAt },
    });
    const end = Date.now() + 30_000;
    while (!there.got.length && Date.now() < end) await page.waitForTimeout(100);
    assert.equal(there.got[0]?.data[0].NO2, 99, 'the receiver was told');
    await until(
      page,
      (n) =>
        [...document.querySelectorAll('article')]
          .find((a) => a.textContent.includes(n))
          ?.textContent.includes('1 notification'),
      name,
      30_000,
    );

    await card.getByRole('button', { name: 'Pause' }).click();
    await until(
      page,
      (n) =>
        [...document.querySelectorAll('article')].find((a) => a.textContent.includes(n))?.dataset
          .state === 'paused',
      name,
    );
    await card.getByRole('button', { name: 'Go on' }).click();
    await until(
      page,
      (n) =>
        [...document.querySelectorAll('article')].find((a) => a.textContent.includes(n))?.dataset
          .state === 'active',
      name,
    );
    await card.getByRole('link', { name: 'Change' }).click();
    await until(page, () => document.querySelector('#value-0')?.value === '47');
    assert.match(await page.locator('#corners').inputValue(), /^24\.9, 60\.1\n/);
    await page.locator('#value-0').fill('40');
    await page.getByRole('button', { name: 'Save the change' }).click();
    await until(page, () => location.pathname === '/data/subscriptions');
    await until(
      page,
      (n) =>
        [...document.querySelectorAll('article')]
          .find((a) => a.textContent.includes(n))
          ?.textContent.includes('NO2>40'),
      name,
    );

    // Deleting asks, and "no" is where the focus is.
    await card.getByRole('button', { name: 'Delete' }).focus();
    await page.keyboard.press('Enter');
    await until(page, () => document.activeElement?.textContent === 'Keep it');
    assert.deepEqual(await axe(page), []);
    await page.keyboard.press('Enter');
    await until(page, () => document.activeElement?.textContent.startsWith('Delete'));
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Delete it' }).click();
    await until(
      page,
      (n) => ![...document.querySelectorAll('article')].some((a) => a.textContent.includes(n)),
      name,
    );
    await api('PATCH', `/entities/${airId(5)}/attrs`, {
      NO2: { type: 'Property', value: 25, unitCode: 'GQ', observedAt },
    });
    assert.deepEqual(faults, []);
    there.close();
    await context.close();
  },
);

test('the demo’s own devices write by themselves, and say so', { timeout: 90_000 }, async () => {
  const bus = 'urn:ngsi-ld:Vehicle:demo-1';
  const place = async () => JSON.stringify((await api('GET', `/entities/${bus}`)).location.value);
  const before = await place();
  const { page, context, faults } = await at(entityPath(bus, 'Vehicle'));
  await until(page, () => document.body.textContent.includes('simulated by this demo'));
  const end = Date.now() + 40_000;
  while ((await place()) === before && Date.now() < end) await page.waitForTimeout(500);
  assert.notEqual(await place(), before, 'a bus is where it was');
  assert.deepEqual(faults, []);
  await context.close();
});

test(
  'on a phone, in the dark, in Serbian: rows are blocks, nothing is wider than the screen',
  { timeout: 90_000 },
  async () => {
    const { page, context, faults } = await at(`/data/${AIR}`, PHONE, 'sr');
    await until(page, () => document.querySelectorAll('tbody tr').length === 25);
    const wide = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
    assert.equal(await page.evaluate(wide), 0);
    assert.equal(
      await page.evaluate(() => getComputedStyle(document.querySelector('tbody tr')).display),
      'block',
    );
    await page.locator('#sort').selectOption('NO2;desc');
    await until(page, () =>
      document.querySelector('tbody tr td:nth-child(2)')?.textContent.includes('50'),
    );
    assert.deepEqual(await axe(page), []);
    await page.locator('tbody td.name a').first().click();
    await until(page, () => document.body.textContent.includes('Садашње стање'));
    await until(page, () => !!document.querySelector('.chart canvas'));
    assert.equal(await page.evaluate(wide), 0);
    assert.deepEqual(await axe(page), []);
    assert.deepEqual(faults, []);
    await context.close();
  },
);
