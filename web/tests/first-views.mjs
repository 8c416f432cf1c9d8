// Pictures of the first view of every page, for people to look at: nothing is compared and nothing
// is kept in the tree. SHOTS names the folder; LOOKS chooses among the four below. Demo only.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launch, open } from './browser.mjs';
import { be, nameOf, PAGES, seed, show, unseed } from './pages.mjs';

const SHOTS = process.env.SHOTS;
if (!SHOTS) throw new Error('SHOTS names the folder for the pictures');
const DESK_SIZE = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
const LOOKS = {
  'desk-light-en': [DESK_SIZE, 'light', 'en'],
  'phone-dark-sr': [PHONE, 'dark', 'sr'],
  'desk-dark-sr-Latn': [DESK_SIZE, 'dark', 'sr-Latn'],
  'phone-light-en': [PHONE, 'light', 'en'],
};
const wanted = (process.env.LOOKS ?? Object.keys(LOOKS).join()).split(',');

const browser = await launch();
try {
  const context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce' });
  const { page } = await open(context);
  const made = await seed(context, page);
  for (const look of wanted) {
    const [size, colorScheme, lang] = LOOKS[look];
    mkdirSync(join(SHOTS, look), { recursive: true });
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme });
    for (const [i, p] of PAGES.entries()) {
      if (!p.desk) await be(context, p.as);
      await show(page, p, lang, made);
      // A map is drawn after the page is calm.
      await page.waitForTimeout((await page.locator('.canvas canvas').count()) ? 1500 : 0);
      const name = nameOf(p).replace(/[^\w.=]+/g, '-').replace(/^-|-$/g, '') || 'square';
      const path = join(SHOTS, look, `${String(i).padStart(2, '0')}-${name}.png`);
      await page.screenshot({ path });
    }
  }
  await unseed(context, made);
} finally {
  await browser.close();
}
