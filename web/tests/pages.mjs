// Every page and first view, and who looks at it; and what has to be there for them to look at. The
// one list for axe (pages.test.mjs) and for pictures (first-views.mjs).
import { because, become, CITY, closedSpans, DESK, until } from './browser.mjs';
import { AIR, airId, entityPath, TOLD, told, town } from './town.mjs';

/** `{asked}`, `{reference}` and the like are filled with what `seed` has made. */
const all = (path, as = null, more = {}) => ({ path, as, ...more });
export const PAGES = [
  all('/'),
  all('/cameras'),
  all('/cameras?q=kaivokatu'),
  all('/cameras?q=nowhere at all'),
  all('/cameras/1'),
  all('/cameras/999'),
  all('/statistics'),
  all('/disclosures'),
  all('/disclosures?state=overdue'),
  all('/policy'),
  all('/check'),
  all('/ask?camera=1'),
  all('/ask?camera=1', null, { name: '/ask, fields missing', send: 'button[name=send]' }),
  all('/ask/{reference}'),
  all('/ask/no-such-reference'),
  all('/complain?camera=1'),
  all('/complain', null, { name: '/complain, a field missing', send: 'form.letter .primary' }),
  all('/complain?filed={complaint}'),
  all('/no/such/page'),
  all('/ops'),
  all('/ops', 'm.niemi'),
  all('/ops', 'o.saarinen'),
  all('/ops?page=cameras', 'o.saarinen'),
  all('/ops?page=cameras&as=table', 'o.saarinen'),
  all('/ops?page=cameras&camera=1', 'o.saarinen'),
  all('/ops?page=shift', 'o.saarinen'),
  all('/ops?kiosk=1', 'o.saarinen'),
  all('/data'),
  all('/data?find=kaivo'),
  all(`/data/${AIR}`, 'o.saarinen'),
  all(`/data/${AIR}?colour=state&cols=NO2,PM10,refDevice&chosen=${airId(3)}`),
  all(`/data/${AIR}?q=NO2%3E%3E4`),
  all('/data/TownGround'),
  all('/data/NothingOfThis'),
  all(entityPath(airId(1))),
  all(`${entityPath(airId(1))}?attrs=NO2,PM10&by=PT15M`, null, { name: '/data/…, by period' }),
  all(entityPath('urn:ngsi-ld:TownAir:none')),
  all('/data/subscriptions'),
  all(`/data/subscriptions/new?type=${AIR}`),
  all(`/data/subscriptions/${encodeURIComponent(TOLD)}`),
  all('/ops?page=accounts', 't.laine'),
  all('/evidence'),
  all('/evidence', 'p.lindqvist'),
  all('/evidence/new?step=1', 'p.lindqvist'),
  all('/evidence/new?cameras=2&place=60.17005,24.94195&step=1', 'p.lindqvist'),
  all('/evidence/new?cameras=1&step=2', 'p.lindqvist'),
  all('/evidence/new?cameras=1&step=3', 'p.lindqvist'),
  all('/evidence/new?cameras=1&step=4', 'p.lindqvist'),
  all('/evidence/{asked}', 'p.lindqvist'),
  all('/evidence/{asked}', 'a.korhonen', { name: '/evidence/{asked}, weighed' }),
  all('/evidence/{approved}', 'p.lindqvist'),
  all('/evidence/{open}', 'p.lindqvist'),
  all('/evidence/{open}', 'k.virtanen', { name: '/evidence/{open}, of another' }),
  all('/evidence/{refused}', 'p.lindqvist'),
  all('/evidence/{withdrawn}', 'p.lindqvist'),
  all(`/evidence/${'0'.repeat(64)}`, 'p.lindqvist', { name: '/evidence/{none}' }),
  all('/evidence/residents', 'm.niemi'),
  all('/evidence/residents', 'a.korhonen'),
  all('/evidence/holds', 'k.virtanen'),
  all('/evidence/holds/new?request={asked}', 'p.lindqvist'),
  all('/evidence/duty', 'k.virtanen'),
  all('/evidence/passkey', 'r.heikkila'),
  all('/audit'),
  all('/audit?entry=0'),
  all('/audit/unexplained?days=0'),
  all('/audit/unexplained', 'm.niemi'),
  all('/audit/delays'),
  all('/audit/between'),
  all('/audit/take'),
  all('/audit/access', 'm.niemi'),
  all('/audit/access', 'o.saarinen'),
  all('/story'),
  all('/parts'),
  { path: '/', desk: true, name: 'desk' },
  { path: '/?person=a.korhonen&request={asked}', desk: true, name: 'desk of Anna Korhonen' },
  { path: '/?person=k.virtanen&request={approved}', desk: true, name: 'desk of Kaisa Virtanen' },
];
/** Short, for whoever reads what is wrong. */
export const nameOf = (p) => `${p.name ?? p.path}${p.as ? ` as ${p.as}` : ''}`;

/** The page's address in a language, and with what was made. */
export function address(p, lang, made = {}) {
  const path = p.path.replace(/\{(\w+)\}/g, (_, what) => made[what]);
  return `${p.desk ? DESK : CITY}${path}${path.includes('?') ? '&' : '?'}lang=${lang}`;
}

/** Somebody else in this browser, without leaving the page. Nobody where none is named. */
export async function be(context, person) {
  const how = { headers: { origin: CITY }, data: { person } };
  const answer = person
    ? await context.request.post(`${CITY}/api/v1/demo/become`, how)
    : await context.request.delete(`${CITY}/api/v1/session`, { headers: { origin: CITY } });
  if (!answer.ok()) throw new Error(`become ${person}: ${answer.status()}`);
}

/** Opens a page of the list, does what it asks for, and waits until it is calm. */
export async function show(page, p, lang, made) {
  // As who has chosen a language once: what a form answers has no `lang` in its address.
  await page.context().addCookies([{ name: 'loggia-lang', value: lang, url: CITY }]);
  await page.goto(address(p, lang, made));
  await calm(page);
  if (!p.send) return;
  await Promise.all([page.waitForEvent('load'), page.click(p.send)]);
  await calm(page);
}

/** Nothing is being fetched for the page, and nothing new has come into it for a moment. */
export async function calm(page) {
  const ready = () => !document.querySelector('[aria-busy=true]') && !!document.querySelector('h1');
  await until(page, ready);
  await page.evaluate(
    () =>
      new Promise((ok) => {
        const [quiet, end] = [200, performance.now() + 2000];
        let last = performance.now();
        const seen = new MutationObserver(() => (last = performance.now()));
        seen.observe(document.body, { childList: true, subtree: true });
        const look = setInterval(() => {
          const now = performance.now();
          if (now - last < quiet && now < end) return;
          clearInterval(look);
          seen.disconnect();
          ok();
        }, 25);
      }),
  );
  await until(page, ready);
}

/** Files a request over the newest closed span of camera 2; its hash. */
async function file(page, what) {
  const s = (await closedSpans(page, 2)).at(-1);
  const [from, to] = [Math.ceil(s.begin / 1e6) * 1e6, Math.floor(s.end / 1e6) * 1e6];
  await page.goto(`${CITY}/evidence/new?cameras=2&from=${from}&to=${to}&window=600&step=3`);
  await because(page, `PAGES/${what}`, 'A bicycle was taken; the street camera sees the rack.');
  await page.goto(page.url().replace('step=3', 'step=4'));
  await page.locator('button[data-ready]').click();
  return until(page, () => /^\/evidence\/([0-9a-f]{64})$/.exec(location.pathname)?.[1]);
}
const DONE = {
  asked: [],
  approved: [['a.korhonen', 'approve']],
  open: [['a.korhonen', 'approve'], ['k.virtanen', 'release'], ['a.korhonen', 'release']],
  refused: [['a.korhonen', 'refuse']],
  withdrawn: [],
};

/** Takes back what waits of it: one person may have twenty requests waiting. */
export async function unseed(context, made) {
  await be(context, 'p.lindqvist');
  for (const id of [made.asked, made.approved]) {
    const how = { headers: { origin: CITY }, data: {} };
    const answer = await context.request.post(`${CITY}/api/v1/requests/${id}/withdraw`, how);
    if (!answer.ok()) throw new Error(`not taken back: ${await answer.text()}`);
  }
}

/** A request in each state, one's own footage asked for, a complaint, a hold that waits. */
export async function seed(context, page) {
  const made = {};
  await town();
  await told();
  await become(page, 'p.lindqvist');
  for (const [state, acts] of Object.entries(DONE)) {
    const request = await file(page, state);
    made[state] = request;
    for (const [person, act] of acts) {
      const data = { person, request, act, note: '', passphrase: 'demo' };
      const how = { data, headers: { origin: DESK } };
      const answer = await context.request.post(`${DESK}/desk/act`, how);
      if (!answer.ok()) throw new Error(`${person} could not ${act}: ${await answer.text()}`);
    }
  }
  const post = (path, what) =>
    context.request.post(`${CITY}${path}`, { ...what, headers: { origin: CITY } });
  await post(`/api/v1/requests/${made.withdrawn}/withdraw`, { data: {} });
  await page.goto(`${CITY}/evidence/holds/new?request=${made.asked}`);
  await page.locator('#hold-reason').fill('The court has asked for these minutes.');
  await page.locator('form button.primary').click();
  await page.waitForURL(/\/evidence\/holds$/);

  const at = (ago) => {
    const words = new Date(Date.now() - ago * 60_000);
    return words.toLocaleString('sv-SE', { timeZone: 'Europe/Helsinki' }).split(' ');
  };
  const [[day, from], [, to]] = [at(4), at(2)];
  const who = { name: 'Aino Esimerkki', contact: 'aino@example.org', camera: '2' };
  const own = { ...who, day, from: from.slice(0, 5), to: to.slice(0, 5), send: '1' };
  const filed = await post('/ask', { form: own });
  made.reference = new URL(filed.url()).pathname.split('/')[2];
  const form = { ...who, about: 'The sign is missing.' };
  const complained = await post('/complain', { form });
  made.complaint = new URL(complained.url()).searchParams.get('filed');
  for (const [what, id] of Object.entries(made)) if (!id) throw new Error(`no ${what} was made`);
  return made;
}
