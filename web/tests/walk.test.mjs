// The whole line in a browser: a request, a second person, two custodians, the player, an export,
// the log.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { axe, because, become, CITY, closedSpans, DESK, launch, open, until } from './browser.mjs';

let browser, context, page, faults;
// The opening that this browser holds the one-time key of.
let opened;
before(async () => {
  browser = await launch();
  context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    locale: 'en-GB',
    acceptDownloads: true,
  });
  ({ page, faults } = await open(context));
});
after(async () => browser?.close());

async function act(person, request, button) {
  const desk = await context.newPage();
  await desk.goto(`${DESK}/?person=${person}&request=${request}`);
  await until(desk, () => !!document.querySelector('article form'));
  assert.deepEqual(await axe(desk), [], `the desk of ${person}, waiting`);
  const card = desk.locator(`article[aria-labelledby="request-${request}"]`);
  await card.getByLabel('Passphrase of the key').fill('demo');
  await card.getByRole('button', { name: button }).click();
  await until(desk, () => !!document.querySelector('.notice.good'));
  assert.deepEqual(await axe(desk), [], `the desk of ${person}, done`);
  await desk.close();
}

test(
  'a request is filed, approved, released, played and exported',
  { timeout: 180_000 },
  async (t) => {
    await become(page, 'p.lindqvist');
    const now = Date.now() * 1000;
    // One camera that plays here, forty seconds that are surely closed by now.
    const camera = await page.evaluate(async () => {
      const all = await (await fetch('/api/v1/public/cameras')).json();
      return all.find((c) => c.plays_in_browser !== false && /264/.test(c.codec ?? '264')).id;
    });
    const spans = await closedSpans(page, camera);
    const last = spans.at(-1);
    const first = spans.at(-2)?.end === last.begin ? spans.at(-2) : last;
    const from = Math.ceil(first.begin / 1e6) * 1e6 + 1e6;
    const to = Math.floor(last.end / 1e6) * 1e6 - 1e6;
    await page.goto(`${CITY}/evidence/new?cameras=${camera}&from=${from}&to=${to}&window=600&step=3`);
    await because(page, `TEST/${now}`, 'A bicycle was taken; the street camera sees the rack.');
    await page.getByRole('button', { name: 'Next: Read again and send' }).click();
    const send = page.getByRole('button', { name: 'File the request' });
    await until(page, () => !!document.querySelector('button[data-ready]'));
    await send.click();
    const request = await until(
      page,
      () => /^\/evidence\/([0-9a-f]{64})$/.exec(location.pathname)?.[1],
    );

    // The page says what happens next, and in a demo where to do it.
    await until(page, () =>
      /oversight body has to approve or refuse/.test(
        document.querySelector('.next')?.textContent ?? '',
      ),
    );
    await page.getByRole('link', { name: 'Open the key desk as Anna Korhonen' }).waitFor();
    assert.deepEqual(await axe(page), [], 'a request that waits');
    await act('a.korhonen', request, 'Approve');
    await act('k.virtanen', request, 'Release my share');
    await act('a.korhonen', request, 'Release my share');

    // Opening the page fetches shares and the list once: each fetch is a line of the access log.
    const fetched = [];
    page.on('request', (r) => {
      if (r.isNavigationRequest()) fetched.length = 0;
      const what = new RegExp(`/requests/${request}/(shares|footage)$`).exec(r.url());
      if (what) fetched.push(what[1]);
    });
    await page.reload();
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    const ms = await until(page, () => {
      const wrong = document.querySelector('.player .notice.bad, .player .stop[role=alert]');
      if (wrong) throw new Error(wrong.textContent);
      return document.querySelector('[data-first-frame]')?.getAttribute('data-first-frame');
    });
    t.diagnostic(`click on play to the first decrypted frame: ${ms} ms`);
    const moving = await page.evaluate(() => document.querySelector('video').currentTime);
    await until(page, (t0) => document.querySelector('video').currentTime > t0 + 0.3, moving);

    assert.deepEqual(fetched.toSorted(), ['footage', 'shares']);
    assert.deepEqual(await axe(page), [], 'a request with its player');
    await page.emulateMedia({ colorScheme: 'dark' });
    // Colours pass into each other for a moment.
    await page.waitForTimeout(400);
    assert.deepEqual(await axe(page), [], 'a request with its player, dark');
    await page.emulateMedia({ colorScheme: 'light' });

    await page.getByLabel('Recipient').fill('District court');
    await page.getByLabel('Exhibit number').fill('E-1');
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    const bundle = await until(page, () =>
      document.querySelector('[data-bundle]')?.getAttribute('data-bundle'),
    );
    // The guide for the other side is on the page as it is in the bundle.
    await page.getByText('How the other side checks it').click();
    await page.getByText('Nothing was swapped.').waitFor();
    assert.deepEqual(await axe(page), [], 'a request that was exported');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: /^Save / }).click(),
    ]);
    const dir = mkdtempSync(join(tmpdir(), 'loggia-export-'));
    try {
      const file = join(dir, 'bundle.zip');
      await download.saveAs(file);
      // Python's zipfile is a second reader of the archive; -t checks every CRC.
      execFileSync('python3', ['-m', 'zipfile', '-e', file, dir]);
      const sha = (name) =>
        createHash('sha256')
          .update(readFileSync(join(dir, name)))
          .digest('hex');
      assert.equal(sha('manifest.json'), bundle);
      const manifest = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8'));
      assert.ok(manifest.files.some((f) => f.name.startsWith('clip')));
      for (const f of manifest.files) assert.equal(sha(f.name), f.sha256, f.name);
      const receipt = JSON.parse(readFileSync(join(dir, 'export.json'), 'utf8'));
      const entry = JSON.parse(Buffer.from(receipt.entry, 'base64').toString());
      assert.equal(entry.bundle, bundle);
      assert.equal(entry.request, request);
      opened = request;

      await page.goto(`${CITY}/audit?entry=${receipt.entry_index}`);
      await until(
        page,
        () =>
          document.querySelector('[data-head="good"]') &&
          document.querySelector('[data-proof="holds"]'),
      );
      if (process.env.KEEP_BUNDLE) execFileSync('cp', [file, process.env.KEEP_BUNDLE]);
    } finally {
      rmSync(dir, { recursive: true });
    }
    assert.deepEqual(faults, []);
  },
);

test('a wrong passphrase and an unfinished form say what to do', { timeout: 60_000 }, async () => {
  await page.goto(`${CITY}/evidence/new?step=4`);
  await page.getByRole('button', { name: 'File the request' }).click();
  await until(
    page,
    () =>
      document.querySelectorAll('.missing li').length === 5 &&
      document.activeElement?.matches('.missing'),
  );
  assert.deepEqual(await axe(page), [], 'a request with its fields missing');
  await page.getByRole('link', { name: 'why it is needed' }).click();
  await until(page, () => document.activeElement?.id === 'why');

  const now = Date.now() * 1000;
  const s = (await closedSpans(page, 1)).at(-1);
  await page.goto(
    `${CITY}/evidence/new?cameras=1&from=${Math.ceil(s.begin / 1e6) * 1e6}&to=${Math.floor(s.end / 1e6) * 1e6}&window=600&step=3`,
  );
  await because(page, `TEST/${now}/2`, 'A trial of the desk.');
  await page.getByRole('button', { name: 'Next: Read again and send' }).click();
  await until(page, () => !!document.querySelector('button[data-ready]'));
  await page.getByRole('button', { name: 'File the request' }).click();
  const request = await until(
    page,
    () => /^\/evidence\/([0-9a-f]{64})$/.exec(location.pathname)?.[1],
  );
  const desk = await context.newPage();
  await desk.goto(`${DESK}/?person=a.korhonen&request=${request}`);
  const card = desk.locator(`article[aria-labelledby="request-${request}"]`);
  await card.getByLabel('Passphrase of the key').fill('not this');
  await card.getByRole('button', { name: 'Approve' }).click();
  await until(desk, () =>
    /does not open the key; nothing was signed/.test(
      document.querySelector('.notice.bad')?.textContent ?? '',
    ),
  );
  assert.deepEqual(await axe(desk), [], 'the desk after a wrong passphrase');
  await desk.close();
  await page.getByRole('button', { name: 'Withdraw the request…' }).click();
  await page.getByRole('button', { name: 'Withdraw the request', exact: true }).click();
  await until(page, () =>
    /Nothing was opened/.test(document.querySelector('.next')?.textContent ?? ''),
  );
  assert.deepEqual(await axe(page), [], 'a withdrawn request');
});

test('the auditor reads who looked, by name, camera and case', { timeout: 60_000 }, async () => {
  assert.ok(opened, 'the walk before this opened something');
  const other = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    locale: 'en-GB',
  });
  const { page: audit, faults: wrong } = await open(other);
  await become(audit, 'm.niemi');
  await audit.goto(`${CITY}/audit/access?request=${opened}&person=p.lindqvist&lines=each`);
  const acts = await until(audit, () => {
    const rows = [...document.querySelectorAll('tbody tr')].map((r) =>
      [...r.cells].map((c) => c.textContent),
    );
    return rows.length && rows.every((r) => /^TEST\//.test(r[2])) && rows;
  });
  assert.deepEqual(
    new Set(acts.map((r) => r[3])),
    new Set(['played', 'fetched footage', 'fetched the keys', 'exported as exhibit']),
  );
  assert.doesNotMatch(acts.flat().join(' '), /cam-\d|p\.lindqvist/, 'names, not numbers');
  assert.deepEqual(await axe(audit), [], 'the access log');
  // Nobody else has looked for this request.
  await audit.getByLabel('Person', { exact: true }).selectOption('m.niemi');
  await audit.getByText('No look matches this choice.').waitFor();
  assert.deepEqual(wrong, []);
  await other.close();
});

test('a flipped bit stops the player at its record', { timeout: 60_000 }, async () => {
  assert.ok(opened, 'the walk before this opened something');
  let fed = false;
  await page.route(/\/footage\/\d+\?/, async (route) => {
    const answer = await route.fetch();
    const bytes = await answer.body();
    // The body of the second record is a piece: its ciphertext is altered on the way.
    const first = 96 + bytes.readUInt32BE(60) + 64;
    bytes[first + 96 + 40] ^= 1;
    fed = true;
    await route.fulfill({ response: answer, body: bytes });
  });
  await page.goto(`${CITY}/evidence/${opened}`);
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  const words = await until(
    page,
    () => document.querySelector('.player .stop[role=alert]')?.textContent,
  );
  assert.ok(fed);
  assert.match(words, /Seal broken at .*, record \d+/);
  assert.equal(
    await page.evaluate(() => document.querySelector('video').hasAttribute('src')),
    false,
  );
  await page.unroute(/\/footage\/\d+\?/);
});

test('a recorder key that the log does not name shows nothing', { timeout: 60_000 }, async () => {
  assert.ok(opened, 'the walk before this opened something');
  const { publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const key_id = createHash('sha256').update(raw).digest('hex').slice(0, 16);
  const own = { key_id, public: raw.toString('base64') };
  let lied, under;
  await page.route(/\/footage$/, async (route) => {
    const answer = await route.fetch();
    const footage = await answer.json();
    const entry_index = under === 'its own' ? footage.recorder_keys[0].entry_index : 0;
    lied = under;
    const json = { ...footage, recorder_keys: [{ ...own, entry_index }] };
    await route.fulfill({ response: answer, json });
  });
  // Under the true recorder's entry, then under an entry of another kind.
  for (under of ['its own', 'another']) {
    await page.goto(`${CITY}/evidence/${opened}`);
    const words = await until(page, () => document.querySelector('.notice.bad')?.textContent);
    assert.match(words, new RegExp(`does not name the recorder’s key ${own.key_id}`));
    assert.equal(await page.getByRole('button', { name: 'Play', exact: true }).count(), 0);
    assert.equal(lied, under);
  }
  await page.unroute(/\/footage$/);
});
