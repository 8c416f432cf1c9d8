// Signing in at a real identity provider in a real browser, against a real installation: there and
// back, out on both sides, somebody whom the roster does not know, a provider that is away.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { axe, launch, open, until } from './browser.mjs';
import { SECRET, startProvider } from './provider.mjs';
import { freePort, ground, PASSPHRASE, serve, setUp } from './served.mjs';

let browser, provider, here, city, url;

before(async () => {
  browser = await launch();
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  provider = await startProvider(url);
  here = ground();
  const oidc = ['[oidc]', 'name = "City of Testville"', `issuer = "${provider.issuer}"`]
    .concat(['client_id = "loggia"', 'person_claim = "preferred_username"', `console = "${url}"`])
    .join('\n');
  setUp(here, port, oidc, SECRET);
  city = await serve(here, url);
});
after(async () => {
  await browser?.close();
  await city?.stop();
  await provider?.stop();
  here?.remove();
});

const bodyHas = (t) => document.body.textContent.includes(t);
const who = async (page) => {
  const { actor } = await (await page.request.get(`${url}/api/v1/session`)).json();
  return actor?.person ?? null;
};

/** From Loggia's page to the provider's, through its own forms, and back. */
async function signIn(page, person, from = '/evidence') {
  await page.goto(`${url}${from}`);
  await page.getByRole('link', { name: 'Sign in at City of Testville' }).click();
  await page.waitForURL(`${provider.issuer}/**`);
  await page.locator('input[name=login]').fill(person);
  await page.locator('input[name=password]').fill('any: this provider asks for one');
  await page.getByRole('button', { name: /sign-in/i }).click();
  const consent = page.getByRole('button', { name: /continue/i });
  await Promise.race([consent.waitFor(), page.waitForURL(`${url}/**`)]);
  if (await consent.isVisible().catch(() => false)) await consent.click();
  await page.waitForURL(`${url}/**`);
}

test('a person of the roster comes in with its roles, and goes out on both sides', async () => {
  const context = await browser.newContext();
  const { page, faults } = await open(context);
  await page.goto(`${url}/evidence`);
  await until(page, bodyHas, 'City of Testville');
  assert.deepEqual(await axe(page), []);
  await signIn(page, 'i.police');
  await until(page, bodyHas, 'I.POLICE');
  const { actor } = await (await page.request.get(`${url}/api/v1/session`)).json();
  assert.deepEqual([actor.person, actor.roles], ['i.police', ['investigator']]);
  assert.equal(new URL(page.url()).pathname, '/evidence');
  const cookies = await context.cookies(url);
  const session = cookies.find((c) => c.name === 'loggia_session');
  assert.ok(session.httpOnly && session.sameSite === 'Strict');
  assert.equal(
    cookies.find((c) => c.name === 'loggia_login'),
    undefined,
  );
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(`${provider.issuer}/session/end**`);
  await page.getByRole('button', { name: /yes/i }).click();
  await page.waitForURL(`${url}/evidence**`);
  assert.equal(await who(page), null);
  assert.deepEqual(faults, []);
  await context.close();
});

test('whom the roster does not name is told so, and local accounts stay', async () => {
  const context = await browser.newContext();
  const { page, faults } = await open(context);
  await signIn(page, 'n.stranger', '/ops');
  assert.equal(page.url(), `${url}/ops#sign-in=not-in-roster`);
  await until(page, bodyHas, 'the roster here does not name you');
  assert.equal(await who(page), null);
  assert.deepEqual(await axe(page), []);
  await page.getByText('Српски').first().click();
  await until(page, bodyHas, 'списак овде не наводи');
  await page.locator('#person').fill('o.city');
  await page.locator('#password').fill(PASSPHRASE);
  await page.locator('form button.primary').click();
  await until(page, bodyHas, 'O.CITY');
  assert.equal(await who(page), 'o.city');
  assert.deepEqual(faults, []);
  await context.close();
});

test('an answer in another browser signs nobody in', async () => {
  const [mine, theirs] = [await browser.newContext(), await browser.newContext()];
  const [a, b] = [(await open(mine)).page, (await open(theirs)).page];
  let answer = '';
  a.on('request', (r) => {
    if (r.url().includes('/oidc/callback')) answer = r.url();
  });
  // The login's cookie is taken out before the answer comes back: as if it came to somebody else.
  let login;
  a.on('framenavigated', async () => {
    login ??= (await mine.cookies(url)).find((c) => c.name === 'loggia_login');
    if (login && !answer) await mine.clearCookies({ name: 'loggia_login' });
  });
  await signIn(a, 'i.police');
  assert.match(a.url(), /#sign-in=stale$/);
  // In a browser that asked nothing, and in one that asked something else.
  for (const begun of [false, true]) {
    if (begun) {
      await b.goto(`${url}/evidence`);
      await b.getByRole('link', { name: 'Sign in at City of Testville' }).click();
      await b.waitForURL(`${provider.issuer}/**`);
    }
    await b.goto(answer);
    assert.match(b.url(), /#sign-in=stale$/);
    assert.equal(await who(b), null);
  }
  // And it was a good answer all the while, for the browser that asked, once.
  await mine.addCookies([login]);
  await a.goto(answer);
  assert.equal(await who(a), 'i.police');
  await mine.addCookies([login]);
  await a.goto(answer);
  assert.match(a.url(), /#sign-in=stale$/);
  await mine.close();
  await theirs.close();
});

test('without the provider the page says so, and passwords work', async () => {
  const port = Number(new URL(provider.issuer).port);
  await provider.stop();
  // What is known of it is an hour old at the most: a city that starts now knows nothing.
  await city.stop();
  city = await serve(here, url);
  const context = await browser.newContext();
  const { page } = await open(context);
  await page.goto(`${url}/evidence`);
  await page.getByRole('link', { name: 'Sign in at City of Testville' }).click();
  await page.waitForURL(/#sign-in=unreachable$/);
  await until(page, bodyHas, 'does not answer');
  await page.locator('#person').fill('o.city');
  await page.locator('#password').fill(PASSPHRASE);
  await page.locator('form button.primary').click();
  await until(page, bodyHas, 'O.CITY');
  provider = await startProvider(url, port);
  await context.close();
});

test('the city’s data: nobody without a session; how the first reading is written', async () => {
  const context = await browser.newContext();
  const { page, faults } = await open(context);
  await page.goto(`${url}/data`);
  await until(page, () => !!document.querySelector('#password'));
  assert.equal((await page.request.get(`${url}/ngsi-ld/v1/types`)).status(), 401);
  assert.deepEqual(await axe(page), []);
  await page.getByLabel('User name').fill('o.city');
  await page.getByLabel('Password').fill(PASSPHRASE);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  // Nothing was ever written here.
  await until(page, () => !!document.querySelector('#first-reading'));
  assert.deepEqual(await axe(page), []);
  const command = await page.locator('#first-reading').textContent();
  const [, to, body] = /^curl -i (\S+) [\s\S]* -d '([\s\S]*)'$/.exec(command);
  assert.equal(to, `${url}/ngsi-ld/v1/entities`);
  const headers = { origin: url, 'content-type': 'application/json' };
  const written = await page.request.post(to, { data: JSON.parse(body), headers });
  assert.equal(written.status(), 201, await written.text());
  await page.getByRole('button', { name: 'Ask now' }).click();
  await until(page, () => document.querySelector('a.kind .count')?.textContent === '1');
  assert.deepEqual(faults, []);
  await context.close();
});
