// A hold from its asking to its end by both bodies, night duty, and the access log, in a browser.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axe, because, become, CITY, closedSpans, DESK, launch, open, until } from './browser.mjs';

let browser, context, page, faults;
before(async () => {
  browser = await launch();
  context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB' });
  ({ page, faults } = await open(context));
});
after(async () => browser?.close());

/** Files a request over the newest closed span of a camera; gives its hash and case number. */
async function filed(number) {
  await become(page, 'p.lindqvist');
  const s = (await closedSpans(page, 2)).at(-1);
  const [from, to] = [Math.ceil(s.begin / 1e6) * 1e6, Math.floor(s.end / 1e6) * 1e6];
  await page.goto(`${CITY}/evidence/new?cameras=2&from=${from}&to=${to}&window=600&step=3`);
  await because(page, number, 'A trial of keeping what a court may ask for.');
  await page.getByRole('button', { name: 'Next: Read again and send' }).click();
  await until(page, () => !!document.querySelector('button[data-ready]'));
  await page.getByRole('button', { name: 'File the request' }).click();
  return until(page, () => /^\/evidence\/([0-9a-f]{64})$/.exec(location.pathname)?.[1]);
}

async function says(person, hold, button, passphrase = 'demo') {
  const desk = await context.newPage();
  await desk.goto(`${DESK}/?person=${person}&hold=${hold}`);
  const card = desk.locator(`article[aria-labelledby="hold-${hold}"]`);
  await card.getByLabel('Passphrase of the key').fill(passphrase);
  assert.deepEqual(await axe(desk), [], `a hold at the desk of ${person}`);
  await card.getByRole('button', { name: button }).click();
  await until(desk, () => !!document.querySelector('article .notice.good'));
  assert.equal(
    await desk.evaluate(() => document.querySelectorAll('article li.no').length),
    0,
    'every check holds',
  );
  await desk.close();
}

test(
  'a hold is asked for from a case, agreed to and ended by both bodies',
  { timeout: 120_000 },
  async () => {
    await filed(`HOLD/${Date.now()}`);
    await page.getByRole('link', { name: 'Ask for a hold on this footage' }).click();
    await page.getByRole('button', { name: 'Ask for the hold' }).click();
    // The reason is missing: the form says so, and takes one there.
    await until(
      page,
      () =>
        document.querySelectorAll('.missing li').length === 1 &&
        document.activeElement?.matches('.missing'),
    );
    assert.deepEqual(await axe(page), [], 'a hold with its reason missing');
    // A refusal in the reader's language, with the camera's name and not its number.
  const refusal = {
    status: 409,
    contentType: 'application/problem+json',
    json: { type: 'urn:loggia:problem:conflict', status: 409, detail: 'cam-0002 7 is destroyed' },
  };
  const holds = /\/api\/v1\/holds$/;
  const refuse = (r) => (r.request().method() === 'POST' ? r.fulfill(refusal) : r.continue());
  await page.route(holds, refuse);
  await page.getByLabel('Reason', { exact: true }).fill('The court asks for it.');
  await page.getByRole('button', { name: 'Srpski' }).click();
  await page.locator('form button.primary').click();
  await page.getByText(/Kaivokatu at Keskuskatu, odsečak 7: uništen je\./).waitFor();
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByText(/Kaivokatu at Keskuskatu 7 is destroyed\./).waitFor();
  await page.unroute(holds);

  const reason = `The court has asked for these minutes, ${Date.now()}.`;
    await page.getByLabel('Reason', { exact: true }).fill(reason);
    await page.getByRole('button', { name: 'Ask for the hold' }).click();
    const find = (text) =>
      [...document.querySelectorAll('article')]
        .find((a) => a.textContent.includes(text))
        ?.getAttribute('aria-labelledby')
        ?.slice(5);
    const hold = await until(page, find, reason);
    await until(page, () => location.pathname === '/evidence/holds');
    const card = page.locator(`article[aria-labelledby="hold-${hold}"]`);
    assert.match(await card.textContent(), /waits for both bodies/);
    assert.deepEqual(await axe(page), [], 'a hold that waits');

    await says('k.virtanen', hold, 'Agree to the hold');
    await until(
      page,
      (h) =>
        /police: agreed/.test(
          document.querySelector(`article[aria-labelledby="hold-${h}"]`).textContent,
        ),
      hold,
    );
    assert.match(await card.textContent(), /waits for both bodies/, 'one body is not two');
    await says('s.makela', hold, 'Agree to the hold');
    await until(
      page,
      (h) =>
        /in force/.test(document.querySelector(`article[aria-labelledby="hold-${h}"]`).textContent),
      hold,
    );

    // The request still names the spans: only when it is over can the hold end.
    await page.goBack();
    await page.goto(`${CITY}/evidence`);
    await page
      .getByRole('link', { name: /^HOLD\// })
      .first()
      .click();
    await page.getByRole('button', { name: 'Withdraw the request…' }).click();
    await page.getByRole('button', { name: 'Withdraw the request', exact: true }).click();
    await until(page, () =>
      /Nothing was opened/.test(document.querySelector('.next')?.textContent ?? ''),
    );
    await says('a.korhonen', hold, 'Agree to end it');
    await page.goto(`${CITY}/evidence/holds`);
    await until(
      page,
      (h) =>
        /oversight: agreed; wants it to end/.test(
          document.querySelector(`article[aria-labelledby="hold-${h}"]`)?.textContent ?? '',
        ),
      hold,
    );
    await says('k.virtanen', hold, 'Agree to end it');
    await until(
      page,
      (h) => !!document.querySelector(`details article.over[aria-labelledby="hold-${h}"]`),
      hold,
    );
    await page.getByText(/^Ended: /).click();
    assert.deepEqual(await axe(page), [], 'a hold that has ended');
    const entry = await card.getByRole('link', { name: /^Entry / }).getAttribute('href');
    await page.goto(`${CITY}${entry}`);
    await until(
      page,
      () =>
        /A hold ended/.test(document.body.textContent) &&
        !!document.querySelector('[data-proof="holds"]'),
    );
  },
);

test('a body sets its turns, and the other sees who is on duty', { timeout: 60_000 }, async () => {
  await become(page, 'k.virtanen');
  await page.goto(`${CITY}/evidence/duty`);
  const who = await until(
    page,
    () => document.querySelector('#duty-who')?.selectedOptions[0]?.textContent,
  );
  // A turn that ends before it begins cannot be set.
  await page.getByLabel('To', { exact: true }).fill('2020-01-01T00:00');
  assert.equal(await page.getByRole('button', { name: 'Set the turn' }).isDisabled(), true);
  assert.deepEqual(await axe(page), [], 'a turn in the wrong order');
  const at = (hours) => {
    const d = new Date(Date.now() + hours * 3600e3);
    return new Date(d.getTime() - d.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  };
  await page.getByLabel('From', { exact: true }).fill(at(-1));
  await page.getByLabel('To', { exact: true }).fill(at(8));
  await page.getByRole('button', { name: 'Set the turn' }).click();
  await until(
    page,
    (n) => document.querySelector('.saved[role=status]')?.textContent === `Set: ${n}.`,
    who,
  );
  assert.deepEqual(await axe(page), [], 'the rota');

  await become(page, 's.makela');
  await page.goto(`${CITY}/evidence/duty`);
  await until(page, (n) => document.querySelector('section .two')?.textContent.includes(n), who);
  await page.getByText('No turn is set.', { exact: false }).waitFor();

  await become(page, 'k.virtanen');
  await page.goto(`${CITY}/evidence/duty`);
  await page
    .getByRole('button', { name: `Remove the turn of ${who}` })
    .first()
    .click();
  await until(
    page,
    (n) => document.querySelector('.saved[role=status]')?.textContent === `Removed: ${n}.`,
    who,
  );
});

test(
  'the oversight auditor alone reads the access log, by person and request',
  { timeout: 60_000 },
  async () => {
    await become(page, 'p.lindqvist');
    await page.goto(`${CITY}/audit/access`);
    await page.getByText('This room is not open to you').waitFor();
    assert.deepEqual(await axe(page), [], 'the access log, not allowed');

    await become(page, 'm.niemi');
    // No look, a server that fails, and looks: what the page says of each.
    let answer = { status: 200, json: [] };
    await page.route(/\/api\/v1\/access-log/, (route) => route.fulfill(answer));
    await page.goto(`${CITY}/audit/access`);
    await page.getByText('Nobody has looked at any footage yet.').waitFor();
    await page.getByLabel('Person', { exact: true }).selectOption('p.lindqvist');
    await page.getByText('No look matches this choice.').waitFor();
    answer = {
      status: 500,
      contentType: 'application/problem+json',
      json: { type: 'urn:loggia:problem:broken', status: 500, title: '', detail: 'x' },
    };
    await page.getByRole('button', { name: 'Read again' }).click();
    await page.getByText('Something broke on the server.').waitFor();
    await page.unroute(/\/api\/v1\/access-log/);
    await page.getByRole('button', { name: 'Try again' }).click();
    await until(page, () => !document.querySelector('.notice.bad'));
    assert.deepEqual(await axe(page), [], 'the access log without a look');
    assert.deepEqual(faults, []);
  },
);
