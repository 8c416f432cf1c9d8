// The square's one island: the map, drawn over what the server's page says already. Everything on
// the page works without it. Never fetches anything from another machine.
import './styles/square.css';
import { toCurrent } from './parts/in-row';
import type { MapCamera } from './parts/map';

type Say = 'wait' | 'none' | 'gone' | 'bare';

/** The cameras whose rows stand on this page. */
function listed(): MapCamera[] {
  return [...document.querySelectorAll<HTMLElement>('li[data-camera]')].map((li) => ({
    id: Number(li.dataset['camera']),
    label: li.querySelector('a')?.textContent ?? '',
    lat: Number(li.dataset['lat']),
    lon: Number(li.dataset['lon']),
    heading_deg: li.dataset['heading'] === undefined ? null : Number(li.dataset['heading']),
  }));
}

async function all(): Promise<MapCamera[]> {
  const answer = await fetch('/api/v1/public/cameras');
  if (!answer.ok) throw new Error(`the list of cameras: ${answer.status}`);
  return (await answer.json()) as MapCamera[];
}

async function draw(box: HTMLElement): Promise<void> {
  const say = (what: Say, shown: boolean) => {
    const words = box.querySelector<HTMLElement>(`[data-say="${what}"]`);
    if (words) words.hidden = !shown;
  };
  say('wait', true);
  try {
    const chosen = Number(box.dataset['chosen']) || null;
    const here = listed();
    const [{ CityMap }, cameras] = await Promise.all([
      import('./parts/map'),
      // Where a search found nothing, the map shows what there is.
      box.dataset['map'] === 'all' || !here.length ? all() : here,
    ]);
    const canvas = document.createElement('div');
    canvas.className = 'canvas';
    box.prepend(canvas);
    try {
      const marks = cameras.map((c) => ({ ...c, chosen: c.id === chosen }));
      // A card shows its own surroundings, and the others as far as they are in them.
      const near = marks.filter((c) => c.chosen);
      const map = new CityMap(canvas, near.length ? near : marks, {
        choose: (id) => location.assign(`/cameras/${id}`),
        baseFailed: () => {
          say('bare', true);
          box.dataset['bare'] = '';
        },
        drawn: () => {
          map.show(marks);
          say('wait', false);
        },
      });
      if (!cameras.length) say('wait', false);
    } catch {
      canvas.remove();
      say('wait', false);
      say('none', true);
    }
  } catch {
    say('wait', false);
    say('gone', true);
  }
}

// Only when somebody comes near it: on a phone the list stands above.
for (const box of document.querySelectorAll<HTMLElement>('[data-map]')) {
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some((e) => e.isIntersecting)) return;
    seen.disconnect();
    void draw(box);
  });
  seen.observe(box);
}
// On a phone the parts stand in a row that scrolls: the one that is open is in sight.
toCurrent(document.querySelector<HTMLElement>('nav.parts'));
// Times are the city's: said at the head where this device's clock stands otherwise.
const zone = document.querySelector<HTMLElement>('p[data-zone]');
if (zone) {
  const [, sign = '+', h = '0', min = '0'] =
    /UTC(?:([+-])(\d+)(?::(\d+))?)?\)?$/.exec(zone.dataset['zone'] ?? '') ?? [];
  const ahead = (sign === '-' ? -1 : 1) * (Number(h) * 60 + Number(min));
  zone.hidden = ahead === -new Date().getTimezoneOffset();
}
// What is wrong with a form is read out at once, and the keyboard goes on from there.
document.getElementById('errors')?.focus();
