// The chart itself: uPlot, drawn in the page's colours. Loaded late; the table beside it has the
// same numbers.
import 'uplot/dist/uPlot.min.css';
import uPlot from 'uplot';
import type { Table, Window } from './history';

export interface Drawn {
  height: number;
  data: Table;
  window: Window;
  /** `few`: so few that each is marked. */
  series: { head: string; unit: string; hue: number; dash: number[] | undefined; few: boolean }[];
  /** One axis for each unit; the third and further ones are not written. */
  scales: string[];
  number: (n: number) => string;
  time: (ms: number, long: boolean) => string;
  day: (ms: number) => string;
  timeWord: string;
}
const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const DAY = 86_400_000;

/** Draws into a box; what is given back takes it away. */
export function draw(box: HTMLElement, what: Drawn): () => void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  let plot = make(box, what);
  const size = new ResizeObserver(() =>
    plot.setSize({ width: box.clientWidth, height: what.height }),
  );
  size.observe(box);
  const anew = () => {
    plot.destroy();
    plot = make(box, what);
  };
  dark.addEventListener('change', anew);
  return () => {
    dark.removeEventListener('change', anew);
    size.disconnect();
    plot.destroy();
  };
}

function make(box: HTMLElement, what: Drawn): uPlot {
  const font = `12px ${colour('--font')}`;
  const key = (unit: string) => `u${what.scales.indexOf(unit)}`;
  const [ink, line] = [colour('--soft'), colour('--line')];
  const axis = { stroke: ink, font, ticks: { stroke: line, width: 1, size: 5 } };
  const long = what.window.to - what.window.from;
  const options: uPlot.Options = {
    width: box.clientWidth || 600,
    height: what.height,
    // Its own legend is a table of live values that moves the page: the reading stands in a tip.
    legend: { show: false },
    cursor: { points: { size: 8 }, drag: { x: false, y: false } },
    scales: {
      x: { time: true, range: [what.window.from / 1000, what.window.to / 1000] },
      ...Object.fromEntries(what.scales.map((u) => [key(u), { auto: true }])),
    },
    axes: [
      {
        ...axis,
        grid: { stroke: line, width: 1 },
        size: 32,
        space: 64,
        values: (_: uPlot, at: number[]) =>
          at.map((s) => (long > 2 * DAY ? what.day(s * 1000) : what.time(s * 1000, false))),
      },
      ...what.scales.slice(0, 2).map((unit, i) => ({
        ...axis,
        scale: key(unit),
        side: i ? 1 : 3,
        size: 64,
        grid: { show: i === 0, stroke: line, width: 1 },
        label: unit,
        labelSize: 18,
        labelFont: font,
        values: (_: uPlot, at: number[]) => at.map(what.number),
      })),
    ] as uPlot.Axis[],
    series: [
      {},
      ...what.series.map((s) => ({
        label: s.head,
        scale: key(s.unit),
        stroke: colour(`--cat-${s.hue}`),
        width: s.dash ? 1.25 : 2,
        spanGaps: true,
        points: { show: s.few, size: 6 },
        ...(s.dash && { dash: s.dash }),
      })),
    ],
    plugins: [tip(what)],
  };
  const data = [what.data.at.map((ms) => ms / 1000), ...what.data.values] as uPlot.AlignedData;
  return new uPlot(options, data, box);
}

/** What the lines say at the pointer. */
function tip(what: Drawn): uPlot.Plugin {
  const box = document.createElement('div');
  box.className = 'chart-tip';
  box.hidden = true;
  return {
    hooks: {
      init: (u) => {
        u.over.append(box);
        u.over.addEventListener('mouseleave', () => (box.hidden = true));
      },
      setCursor: (u) => {
        const i = u.cursor.idx;
        if (i === null || i === undefined || what.data.at[i] === undefined) {
          box.hidden = true;
          return;
        }
        const rows = what.series.flatMap((s, n) => {
          const v = what.data.values[n]?.[i];
          return v === null || v === undefined
            ? []
            : [`${s.head.replace(/ \[.*\]$/, '')}: ${what.number(v)} ${s.unit}`];
        });
        box.replaceChildren(
          ...[what.time(what.data.at[i]!, true), ...rows].map((text) => {
            const p = document.createElement('div');
            p.textContent = text;
            return p;
          }),
        );
        box.hidden = !rows.length;
        const left = u.valToPos(what.data.at[i]! / 1000, 'x');
        const right = left > u.over.clientWidth / 2;
        box.style.left = right ? '' : `${left + 12}px`;
        box.style.right = right ? `${u.over.clientWidth - left + 12}px` : '';
      },
    },
  };
}
