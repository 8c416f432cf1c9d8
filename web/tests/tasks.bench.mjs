// The five main tasks by the shortest way with the pointer, in a demo: clicks, keys, letters, pages
// loaded and the seconds that the pages took are counted here; the human time is modelled
// (hands.mjs). Prints one line of JSON. Nothing is asserted about a time.
import { become, launch, open } from './browser.mjs';
import { learn, Pointer } from './hands.mjs';
import * as walks from './walks.mjs';

const TURNS = Number(process.env.TURNS ?? 3);
const SIZE = { viewport: { width: 1280, height: 900 }, locale: 'en-GB' };
const WHY = 'A bicycle was taken at the stop; the street camera sees the rack.';
const day = (ago) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);

const browser = await launch();
await learn(browser);

/** One task in a browser of its own: what it took. */
async function once(person, walk) {
  const context = await browser.newContext(SIZE);
  const { page } = await open(context);
  if (person) await become(page, person);
  const hand = await walk(context, page);
  await context.close();
  return hand.did;
}
const hand = (page) => new Pointer().on(page);
/** From here on it counts. */
const fresh = (h) => {
  h.did = { clicks: 0, keys: 0, letters: 0, loads: 0, waits_ms: 0, modelled_s: 0 };
  return h;
};
const file = async (h, page) => {
  await walks.twoMinutes(page, 2);
  fresh(h);
  return walks.investigator(h, { number: `BENCH/${Date.now()}`, why: WHY });
};
const TASKS = {
  resident: () => once(null, async (_, page) => {
    const h = hand(page);
    await walks.resident(h);
    return h;
  }),
  operator: () => once('o.saarinen', async (_, page) => {
    const h = hand(page);
    await walks.failing(page);
    await walks.operator(h);
    // As it was found, for the next turn.
    await walks.takeBack(page);
    return h;
  }),
  investigator: () => once('p.lindqvist', async (_, page) => {
    const h = hand(page);
    const request = await file(h, page);
    await walks.withdraw(page, request);
    return h;
  }),
  two_bodies: () => once('p.lindqvist', async (context, page) => {
    const h = hand(page);
    const request = await file(h, page);
    fresh(h);
    const desk = async () => (await open(context)).page;
    await walks.bodies(h, { request, mine: page, desk });
    return h;
  }),
  auditor: () => once(null, async (_, page) => {
    const h = hand(page);
    await walks.auditor(h, { days: [day(7), day(0)] });
    return h;
  }),
};

const round = (x) => Math.round(x * 10) / 10;
try {
  const out = { turns: TURNS };
  for (const [name, run] of Object.entries(TASKS)) {
    const all = [];
    for (let i = 0; i < TURNS; i += 1) all.push(await run());
    // The turn whose waits are in the middle.
    const mid = all.toSorted((a, b) => a.waits_ms - b.waits_ms)[TURNS >> 1];
    const { clicks, keys, letters, loads, waits_ms, modelled_s } = mid;
    const [system_s, human_s] = [round(waits_ms / 1000), round(modelled_s)];
    out[name] = { clicks, keys, letters, loads, system_s, human_s };
  }
  console.log(JSON.stringify(out));
} finally {
  await browser.close();
}
