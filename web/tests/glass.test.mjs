// The break-glass account in a real browser, against the demo city: opened by two custodians with
// the program's command, used on the accounts page, ended by a custodian; and where others see it.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { axe, become, CITY, launch, open, until } from './browser.mjs';
import { LOGGIA } from './served.mjs';

const KEYS = process.env.DEMO_KEYS;
const bodyHas = (t) => document.body.textContent.includes(t);
const bad = () => [...document.querySelectorAll('.notice.bad')].map((n) => n.textContent);
let browser;

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const word = (person, ...more) => {
  const key = join(KEYS, `${person}.loggia-key`);
  const args = ['key', 'break-glass', '--key', key, '--server', CITY, ...more];
  const env = { ...process.env, LOGGIA_PASSPHRASE: 'demo' };
  return execFileSync(LOGGIA, args, { env, encoding: 'utf8' });
};
const half = (person) => /told once: (\S+)/.exec(word(person))[1];

async function signIn(page, secret) {
  await page.locator('#person').fill('break-glass');
  await page.locator('#password').fill(secret);
  await page.locator('form button.primary').click();
}
/** Clicks what disables or enables, and says that one is sure. */
async function change(page, person) {
  await page.locator(`#acc-${person.replace('.', '\\.')}`).click();
  await page.locator('#acc-sure').click();
}
const isOff = ([person, off]) =>
  document.querySelector(`[data-account="${person}"]`)?.dataset.off === off;

test('it administers on its page, each room opens, and it leaves when it is shut', async () => {
  const secret = `${half('k.virtanen')} ${half('a.korhonen')}`;
  const context = await browser.newContext();
  const { page, faults } = await open(context);
  await page.goto(`${CITY}/ops?page=accounts&lang=en`);
  await signIn(page, 'neither half');
  await until(page, bodyHas, 'both halves');
  await signIn(page, secret);
  await until(page, bodyHas, 'each of these acts is in the public log first');
  await until(page, () => document.querySelectorAll('[data-account]').length > 5);
  assert.deepEqual(await axe(page), []);
  await change(page, 'o.saarinen');
  await until(page, isOff, ['o.saarinen', 'true']);
  await change(page, 'o.saarinen');
  await until(page, isOff, ['o.saarinen', 'false']);
  await change(page, 'k.virtanen');
  await until(page, bodyHas, 'which cannot disable them');
  assert.ok(await page.evaluate(isOff, ['k.virtanen', 'false']));
  // Every room opens anew with it, and none says that something is wrong.
  for (const path of ['/ops', '/evidence', '/audit', '/story', '/ops?page=accounts']) {
    await page.goto(`${CITY}${path}`);
    await until(page, bodyHas, 'This is the break-glass account');
    await until(page, () => !document.querySelector('[aria-busy=true]'));
    assert.deepEqual(await page.evaluate(bad), [], path);
    const save = await page.getByRole('button', { name: 'Save this view' }).count();
    assert.equal(save, 0, path);
  }
  await page.goto(`${CITY}/ops?page=accounts&lang=sr`);
  await until(page, () => document.querySelectorAll('[data-account]').length > 5);
  const who = await page.locator('header .who').innerText();
  assert.match(who, /Налог за невољу/);
  assert.deepEqual(await axe(page), []);
  word('s.makela', '--end');
  await until(page, () => !!document.querySelector('#password'));
  assert.ok(!(await page.evaluate(bodyHas, 'Ово је налог за невољу')));
  assert.deepEqual(faults, []);
  await context.close();
});

test('the auditor is told who opened it and whose account it changed; the square too', async () => {
  const context = await browser.newContext();
  const { page, faults } = await open(context);
  await become(page, 'm.niemi');
  await page.goto(`${CITY}/audit/unexplained?days=1&lang=en`);
  await until(page, () => !!document.querySelector('[data-glass]'));
  const told = await page.locator('[data-glass]').first().innerText();
  assert.match(told, /Kaisa Virtanen, Anna Korhonen/);
  assert.match(told, /disabled/);
  await until(page, bodyHas, 'The break-glass account was open');
  assert.deepEqual(await axe(page), []);
  const openings = await (await page.request.get(`${CITY}/api/v1/break-glass`)).json();
  const [act] = openings[0].acts;
  await page.goto(`${CITY}/audit?entry=${act.log_index}&lang=sr`);
  await until(page, bodyHas, 'налог је угашен');
  const card = await page.locator('main').innerText();
  assert.ok(!/^account_disabled$/m.test(card) && !card.includes(act.person));
  assert.match(card, /оператер/);
  await page.goto(`${CITY}/statistics?lang=en`);
  assert.ok(await page.evaluate(bodyHas, 'Break-glass account opened'));
  await page.goto(`${CITY}/?lang=en`);
  assert.ok(await page.evaluate(bodyHas, 'was opened 1 time this month'));
  assert.deepEqual(faults, []);
  await context.close();
});
