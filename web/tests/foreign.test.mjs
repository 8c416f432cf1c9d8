// A city whose page is an attacker's, in a custodian's own browser with the right passphrase: it
// acts on the desk on this machine in each way that a browser has for a page of another origin, and
// nothing is released. The desk's own page releases the same request.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { because, become, CITY, closedSpans, DESK, launch, open, until } from './browser.mjs';

const PORT = new URL(DESK).port;
// A name of the attacker's that leads to this machine by now (DNS rebinding).
const REBOUND = `http://rebound.example:${PORT}`;
const ACT = `${DESK}/desk/act`;
const html = (body) => ({
  contentType: 'text/html; charset=utf-8',
  body: `<!doctype html><meta charset="utf-8"><title>City</title><body>${body}</body>`,
});
let browser, request;

before(async () => {
  browser = await launch([
    '--host-resolver-rules=MAP rebound.example 127.0.0.1',
    // A sandboxed frame in the same process, so that what it sends is heard here. Newer browsers
    // keep calls to this machine back by themselves; here the desk must.
    '--disable-features=IsolateSandboxedIframes,LocalNetworkAccessChecks',
  ]);
  const context = await browser.newContext();
  const { page } = await open(context);
  await become(page, 'p.lindqvist');
  const s = (await closedSpans(page, 2)).at(-1);
  const [from, to] = [Math.ceil(s.begin / 1e6) * 1e6, Math.floor(s.end / 1e6) * 1e6];
  await page.goto(`${CITY}/evidence/new?cameras=2&from=${from}&to=${to}&window=600&step=3`);
  await because(page, `ALTERED/${Date.now()}`, 'A bicycle was taken; the camera sees the rack.');
  await page.goto(page.url().replace('step=3', 'step=4'));
  await page.locator('button[data-ready]').click();
  request = await until(page, () => /^\/evidence\/([0-9a-f]{64})$/.exec(location.pathname)?.[1]);
  const data = { ...deed('a.korhonen'), act: 'approve' };
  const answer = await context.request.post(ACT, { data, headers: { origin: DESK } });
  assert.ok(answer.ok(), await answer.text());
  await context.close();
});
after(async () => browser?.close());

const deed = (person) => ({ act: 'release', note: '=', passphrase: 'demo', person, request });

/** What has become of the request, by the requester's own look. */
async function state() {
  const context = await browser.newContext();
  const { page } = await open(context);
  await become(page, 'p.lindqvist');
  const r = await (await context.request.get(`${CITY}/api/v1/requests/${request}`)).json();
  await context.close();
  return [r.state, r.released_groups];
}

/**
 * Opens `address` in a custodian's browser, drawn by the attacker; what the desk answers to POSTs:
 * a status, or that the answer came and was kept from the page (Cross-Origin-Resource-Policy).
 */
async function trapped(address) {
  const context = await browser.newContext();
  const answers = new Map();
  const heard = (of, what) => {
    const url = new URL(of.url());
    const acts = of.method() === 'POST' && url.port === PORT && url.pathname === '/desk/act';
    // A frame is answered, and then not drawn.
    if (acts && !answers.has(of)) answers.set(of, what);
  };
  context.on('response', (r) => heard(r.request(), r.status()));
  context.on('requestfailed', (r) => heard(r, r.failure().errorText));
  await context.route(address, (r) => r.fulfill(html('')));
  const { page } = await open(context);
  await page.goto(address);
  return { context, page, answers };
}

/** So many acts came to the desk and were refused; so many more were never sent. */
async function allRefused(page, answers, came, unsent) {
  // What a page need not wait for is heard a moment later.
  for (let n = 0; answers.size < came + unsent && n < 50; n += 1) await page.waitForTimeout(100);
  const refused = [403, 'net::ERR_BLOCKED_BY_RESPONSE.NotSameOrigin'];
  const all = [...answers.values()];
  const others = all.filter((a) => !refused.includes(a));
  const said = JSON.stringify(all);
  assert.ok(all.length - others.length >= came, said);
  assert.ok(others.length <= unsent && others.every((a) => a === 'net::ERR_FAILED'), said);
}

/** Every call with a body that a script can make; how each ended for the page. */
const calls = ({ act, deed }) => {
  const text = JSON.stringify(deed);
  const form = new URLSearchParams(deed);
  const typed = (type) => ({ headers: { 'content-type': type } });
  const ways = {
    'json, asked first': { ...typed('application/json'), body: text },
    'no-cors, json': { mode: 'no-cors', ...typed('application/json'), body: text },
    'no-cors, text': { mode: 'no-cors', body: text },
    'no-cors, form': { mode: 'no-cors', body: form },
    'no-cors, json as form': {
      mode: 'no-cors', ...typed('application/x-www-form-urlencoded'), body: text,
    },
    'no-cors, no type': { mode: 'no-cors', body: new Blob([text]) },
    'no-cors, no referrer': { mode: 'no-cors', referrerPolicy: 'no-referrer', body: text },
    'no-cors, kept alive': { mode: 'no-cors', keepalive: true, body: text },
  };
  const tried = Object.entries(ways).map(async ([name, how]) => {
    const of = { method: 'POST', credentials: 'include', ...how };
    return [name, await fetch(act, of).then((r) => `${r.type} ${r.status}`, () => 'kept back')];
  });
  navigator.sendBeacon(act, new Blob([text], { type: 'text/plain' }));
  return Promise.all(tried).then(Object.fromEntries);
};

/** Forms of each kind, each into a frame of its own and one into a new tab; waits for answers. */
const forms = async ({ act, deed, tab }) => {
  const send = async (enctype, fields, target) => {
    const form = Object.assign(document.createElement('form'), {
      action: act, method: 'post', enctype, target,
    });
    for (const [name, value] of fields) {
      form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
    }
    document.body.append(form);
    const frame = document.querySelector(`iframe[name="${target}"]`);
    const loaded = new Promise((ok) => frame?.addEventListener('load', ok, { once: true }));
    form.submit();
    if (frame) await loaded;
  };
  // The one field's name and value make JSON around the `=` of the form.
  const [name, value] = JSON.stringify(deed).split('=');
  const fields = Object.entries(deed);
  const kinds = [
    ['text/plain', [[name, value]]],
    ['application/x-www-form-urlencoded', fields],
    ['multipart/form-data', fields],
  ];
  for (const [n, [enctype, all]] of kinds.entries()) {
    const frame = Object.assign(document.createElement('iframe'), { name: `f${n}` });
    document.body.append(frame);
    await send(enctype, all, `f${n}`);
  }
  if (tab) await send('text/plain', [[name, value]], '_blank');
};

const WITHIN = { timeout: 180_000 };
for (const [name, home] of [
  ['same site, another port', CITY],
  ['another site', CITY.replace('127.0.0.1', 'localhost')],
]) {
  test(`a page of ${name} makes the desk release nothing`, WITHIN, async () => {
    const { context, page, answers } = await trapped(`${home}/evidence/desk-help`);
    for (const person of ['k.virtanen', 's.makela']) {
      const ends = await page.evaluate(calls, { act: ACT, deed: deed(person) });
      assert.equal(ends['json, asked first'], 'kept back');
      for (const [way, end] of Object.entries(ends)) {
        assert.match(end, /^(kept back|opaque 0)$/, `${way}: ${end}`);
      }
      await page.evaluate(forms, { act: ACT, deed: deed(person), tab: true });
    }
    // What waits is not read, and an address alone acts on nothing.
    const read = await page.evaluate(async (desk) => {
      const got = (how) =>
        fetch(`${desk}/desk/requests?person=k.virtanen`, how).then((r) => r.text(), () => null);
      return [await got({}), await got({ mode: 'no-cors' })];
    }, DESK);
    assert.deepEqual(read.filter(Boolean), []);
    const query = new URLSearchParams(deed('k.virtanen'));
    const [tab] = await Promise.all([
      context.waitForEvent('page'),
      page.evaluate((url) => void open(url), `${ACT}?${query}`),
    ]);
    await tab.waitForLoadState();
    // For each of two: seven calls, three forms in frames and one in a tab; JSON stays unsent.
    await allRefused(page, answers, 2 * 11, 2);
    assert.deepEqual(await state(), ['approved', []]);
    await context.close();
  });
}

test('nor does a page without an origin, in a sandboxed frame', WITHIN, async () => {
  const script = `<script>(${calls})(${JSON.stringify({ act: ACT, deed: deed('k.virtanen') })})
    .then((ends) => (${forms})(${JSON.stringify({ act: ACT, deed: deed('k.virtanen') })})
      .then(() => parent.postMessage(ends, '*')))</script>`;
  const { context, page, answers } = await trapped(`${CITY}/evidence/desk-help`);
  const ends = await page.evaluate(
    (srcdoc) =>
      new Promise((ok) => {
        addEventListener('message', (e) => ok(e.data));
        const frame = Object.assign(document.createElement('iframe'), { srcdoc });
        frame.setAttribute('sandbox', 'allow-scripts allow-forms');
        document.body.append(frame);
      }),
    script,
  );
  assert.equal(ends['json, asked first'], 'kept back');
  await allRefused(page, answers, 7 + 3, 1);
  assert.deepEqual(await state(), ['approved', []]);
  await context.close();
});

test('nor one under a name that leads to the desk by now', WITHIN, async () => {
  const { context, page, answers } = await trapped(`${REBOUND}/trap`);
  // For its browser this is the page's own origin: nothing is asked first, all is read.
  const said = await page.evaluate(async (deed) => {
    const json = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const act = await fetch('/desk/act', { ...json, body: JSON.stringify(deed) });
    const look = await fetch('/desk/requests?person=k.virtanen');
    return [act.status, await act.text(), look.status, await look.text()];
  }, deed('k.virtanen'));
  assert.deepEqual([said[0], said[2]], [403, 403]);
  for (const words of [said[1], said[3]]) assert.match(words, /answers only to its own name/);
  await allRefused(page, answers, 1, 0);
  assert.deepEqual(await state(), ['approved', []]);
  await context.close();
});

test('nor one that takes the desk into a frame or a window of its own', WITHIN, async () => {
  const { context, page } = await trapped(`${CITY}/evidence/desk-help`);
  const own = `${DESK}/?person=k.virtanen&request=${request}`;
  await page.evaluate((src) => {
    const frame = Object.assign(document.createElement('iframe'), { src, name: 'desk' });
    document.body.append(frame);
    return new Promise((ok) => frame.addEventListener('load', ok, { once: true }));
  }, own);
  const framed = page.frame({ name: 'desk' });
  assert.doesNotMatch(await framed.content(), /Release my share|id="app"/);
  const [desk] = await Promise.all([
    context.waitForEvent('page'),
    page.evaluate((url) => void (globalThis.taken = open(url)), own),
  ]);
  const card = desk.locator(`article[aria-labelledby="request-${request}"]`);
  await card.getByLabel('Passphrase of the key').waitFor();
  // It stands there for its holder; whoever opened it has no hand on it.
  const hand = await page.evaluate(() => {
    try {
      return taken.closed ? 'cut off' : taken.document.title;
    } catch (e) {
      return e.name;
    }
  });
  assert.match(hand, /^(cut off|SecurityError)$/);
  assert.equal(await desk.evaluate(() => opener), null);
  assert.deepEqual(await state(), ['approved', []]);
  await context.close();
});

test('the desk\u2019s own page releases the same request', WITHIN, async () => {
  const context = await browser.newContext();
  const { page, faults } = await open(context);
  await page.goto(`${DESK}/?person=k.virtanen&request=${request}`);
  const card = page.locator(`article[aria-labelledby="request-${request}"]`);
  await card.getByLabel('Passphrase of the key').fill('demo');
  await card.getByRole('button', { name: 'Release my share' }).click();
  await card.getByText('Released: your share').waitFor();
  assert.deepEqual(await state(), ['released', ['police']]);
  // By the very call that the altered pages have made.
  const status = await page.evaluate(async (deed) => {
    const json = { method: 'POST', headers: { 'content-type': 'application/json' } };
    return (await fetch('/desk/act', { ...json, body: JSON.stringify(deed) })).status;
  }, deed('s.makela'));
  assert.equal(status, 200);
  assert.deepEqual(await state(), ['open', ['police', 'oversight']]);
  assert.deepEqual(faults, []);
  await context.close();
});
