// The five main tasks, each from its first page to its end, for whichever hand (hands.mjs) goes.
// `at(name)` is called where somebody may want to look closer; it does nothing by itself.
import { CITY, closedSpans, DESK } from './browser.mjs';
import { button, link, the } from './hands.mjs';

const still = () => undefined;
const US_PER_MIN = 60e6;
const LAW = 'Coercive Measures Act';

/** Day and time of day as the city's clock shows them. */
function inCity(us, zone) {
  const words = new Date(us / 1000).toLocaleString('sv-SE', { timeZone: zone });
  return { day: words.slice(0, 10), time: words.slice(11, 16) };
}

/** A resident: which cameras are at an address, and footage of oneself from one of them. */
export async function resident(hand, { at = still, zone = 'Europe/Helsinki' } = {}) {
  await hand.open(`${CITY}/`);
  await hand.write(the('#q'), 'kaivokatu');
  await hand.key('Enter');
  await hand.until(() => location.pathname === '/cameras');
  await at('the cameras at an address');
  await hand.press(the('ul.cameras a'));
  await hand.wait(the('dl.facts'));
  await at('the card of a camera');
  await hand.press(the('a[href^="/ask?camera"]'));
  // The last whole minutes but one: over by the city's clock.
  const now = Date.now() * 1000;
  const [from, to] = [inCity(now - 3 * US_PER_MIN, zone), inCity(now - US_PER_MIN, zone)];
  await hand.moment(the('input[name=day]'), from.day);
  await hand.moment(the('input[name=from]'), from.time);
  await hand.moment(the('input[name=to]'), to.time);
  await hand.write(the('input[name=name]'), 'Aino Esimerkki');
  await hand.write(the('input[name=contact]'), 'aino@example.org');
  await at('the form for own footage, filled');
  await hand.press(button('Send and keep the footage from destruction'));
  return hand.until(() => /^\/ask\/(?!-)(.+)/.exec(location.pathname)?.[1]);
}

/** What the control room has to say about the camera that the demo lets fail. */
export const FAILING = 14;
const ROW = `alarm-camera_down-${FAILING}`;

/** An operator: an alarm is acknowledged and set aside, and the camera's day is looked at. */
export async function operator(hand, { at = still, why = 'fails on purpose' } = {}) {
  await hand.open(`${CITY}/ops`);
  await hand.press(the(`#${ROW}`));
  const call = () => [...document.querySelectorAll('.acts button')].map((b) => b.textContent);
  await hand.until(() => !!document.querySelector('.acts button'));
  const calls = (await hand.page.evaluate(call)).some((t) => /Acknowledge/.test(t));
  // One that somebody has acknowledged already cannot be acknowledged again.
  if (calls) await hand.press(button('Acknowledge A'));
  await hand.press(button('Set aside S'));
  await hand.wait(the('form input'));
  await hand.write(the('form input'), why);
  await at('the reason for setting aside');
  await hand.key('Enter');
  await hand.press(link('To the camera'));
  await hand.wait(the('.scrubber'));
  await at('the day of a camera');
}

const step = (hand, text) =>
  hand.until((t) => document.querySelector('#step-h')?.textContent === t, text);

/** An investigator: two minutes of the camera that sees a place, asked for in four steps. */
export async function investigator(hand, { at = still, number, why } = {}) {
  await hand.open(`${CITY}/evidence`);
  await hand.press(link('New request'));
  await step(hand, 'Place and cameras');
  // Coordinates: a city without a base map knows no streets.
  await hand.write(the('#find'), '60.17005, 24.94195');
  await hand.wait(button('◎ It was here…'));
  await hand.key('Enter');
  await hand.until(() => new URL(location.href).searchParams.has('place'));
  await at('the place and its cameras');
  await hand.press(the('.list input[type=checkbox]', 'Kaivokatu at Keskuskatu…'));
  await hand.press(button('Next: Minutes →'));
  await step(hand, 'Minutes');
  // The newest two minutes are suggested; they are asked for as soon as they are closed.
  await hand.until(() => /of footage in all, of 1 camera/.test(document.body.textContent));
  await at('the minutes');
  await hand.press(button('Next: Case and reason →'));
  await step(hand, 'Case and reason');
  await hand.write(the('#case'), number);
  await hand.choose(the('#purpose'), 'Criminal investigation');
  await hand.choose(the('#basis'), LAW);
  await hand.write(the('#why'), why);
  await at('the case and the reason');
  await hand.press(button('Next: Read again and send →'));
  await step(hand, 'Read again and send');
  await hand.wait(the('button[data-ready]'));
  await at('what is sent, read again');
  await hand.press(button('File the request'));
  return hand.until(() => /^\/evidence\/([0-9a-f]{64})$/.exec(location.pathname)?.[1]);
}

const DONE = { Approve: 'Approved and signed.', 'Release my share': 'Released: ' };
/** At somebody's own key desk: passphrase and Enter sign what the form asks first. */
async function sign(hand, request, act, at) {
  const form = `article[aria-labelledby="request-${request}"]`;
  // Where several things wait, each is folded until one looks into it.
  const stands = (f) => {
    const d = document.querySelector(`${f} details`);
    return d && (d.open ? 'open' : 'folded');
  };
  if ((await hand.until(stands, form)) === 'folded') await hand.press(the(`${form} summary`));
  await hand.wait(the(`${form} form button`, act));
  await hand.write(the(`${form} input[type=password]`), 'demo');
  await hand.key('Enter');
  const done = ([css, text]) => document.querySelector(css)?.textContent.includes(text);
  await hand.until(done, [`${form} .notice.good`, DONE[act]]);
  await at(`${act}, done`);
}

/**
 * Two bodies: the second person approves, a custodian of each releases, each at their own desk; the
 * requester plays and exports. `mine` is the requester's page, at the request; `desk()` a new page.
 */
export async function bodies(hand, { request, mine, desk, at = still }) {
  const [anna, kaisa] = [await desk(), await desk()];
  hand.on(anna);
  await hand.open(`${DESK}/?person=a.korhonen`);
  await sign(hand, request, 'Approve', at);
  await sign(hand, request, 'Release my share', at);
  hand.on(kaisa);
  await hand.open(`${DESK}/?person=k.virtanen`);
  await sign(hand, request, 'Release my share', at);
  await mine.bringToFront();
  hand.on(mine);
  await hand.press(button('Play'));
  await hand.until(() => {
    const wrong = document.querySelector('.player .notice.bad, .player .stop[role=alert]');
    if (wrong) throw new Error(wrong.textContent);
    return !!document.querySelector('[data-first-frame]');
  });
  await at('the picture');
  await hand.write(the('#recipient'), 'District court');
  await hand.write(the('#exhibit'), 'E-1');
  await hand.key('Enter');
  await hand.wait(the('a[download]'));
  await at('the export');
  const saved = mine.waitForEvent('download');
  await hand.press(the('a[download]'));
  return saved;
}

/** A citizen: an entry is found and its proof checked here, then two dates are compared. */
export async function auditor(hand, { at = still, days }) {
  await hand.open(`${CITY}/audit`);
  const searched = () =>
    /end|full/.test(document.querySelector('[data-search]')?.dataset.search) &&
    !!document.querySelector('[data-head="good"]');
  await hand.until(searched);
  await hand.write(the('#aud-find'), 'recorder started');
  await hand.key('Enter');
  await hand.until(() => new URL(location.href).searchParams.get('find') === 'recorder started');
  await hand.until(searched);
  await at('what was found');
  await hand.press(the('tbody button'));
  await hand.until(() => !!document.querySelector('[data-proof="holds"]'));
  await at('an entry with its proof');
  await hand.press(link('Between two dates'));
  await hand.moment(the('#btw-from'), days[0]);
  await hand.moment(the('#btw-to'), days[1]);
  const both = (d) =>
    ['from', 'to'].every((n, i) => document.querySelector(`#btw-${n}`).value === d[i]) &&
    !!document.querySelector('[data-between="holds"], [data-between="began"]');
  await hand.until(both, days);
  await at('two dates');
}

/** Takes the failing camera's alarm back from being set aside. */
export const takeBack = (page) =>
  page.evaluate(async (id) => {
    await fetch(`/api/v1/alarms/${id}/shelf`, { method: 'DELETE' });
  }, `camera_down-${FAILING}`);

/** Waits for an alarm of the failing camera, not set aside, that will last a minute longer. */
export async function failing(page) {
  // Another run may have left it so.
  await takeBack(page);
  const look = () =>
    page.evaluate(async (n) => {
      const get = async (path) => (await fetch(`/api/v1/${path}`)).json();
      const { alarms } = await get('alarms');
      const a = alarms.find((x) => x.camera === n && x.active && x.state !== 'shelved');
      if (!a) return null;
      // It ends a minute after the camera records again, and begins half a minute after it did not.
      const fresh = Date.now() * 1000 - a.raised_at < 40e6;
      const down = (await get('cameras')).some((h) => h.id === n && h.state !== 'recording');
      return fresh || down ? a : null;
    }, FAILING);
  for (;;) {
    const a = await look();
    if (a) return a;
    // The test's own bound ends a wait in vain.
    await page.waitForTimeout(1000);
  }
}

/** Takes a request back, as who is signed in; the status. Twenty may wait for one person. */
export const withdraw = (page, id) =>
  page.evaluate(async (path) => {
    const headers = { 'content-type': 'application/json' };
    return (await fetch(path, { method: 'POST', headers, body: '{}' })).status;
  }, `/api/v1/requests/${id}/withdraw`);

/** Waits until two minutes of a camera are closed and can be asked for. */
export async function twoMinutes(page, camera) {
  for (;;) {
    const spans = await closedSpans(page, camera);
    if (spans.reduce((sum, s) => sum + s.end - s.begin, 0) >= 2 * US_PER_MIN) return;
    await page.waitForTimeout(1000);
  }
}
