import { describe, expect, it } from 'vitest';
import type { Timeline } from '../../api/types';
import { suggest } from './state';

const END = 1_000_000e6;
const line = (...spans: [number, number, string][]): Timeline => ({
  spans: spans.map(([begin, end, state], i) => ({
    span: i + 1,
    begin: begin * 1e6 + 7,
    end: end * 1e6 + 7,
    state: state as Timeline['spans'][number]['state'],
  })),
  gaps: [],
});

describe('the time that a new request begins with', () => {
  it('is the newest two minutes in closed spans', () => {
    const full = line([100, 200, 'sealed'], [200, 400, 'frozen'], [400, 420, 'recording']);
    expect(suggest([full], END)).toEqual({ from: 280e6, to: 400e6 });
  });
  it('is what all cameras have, where that is less', () => {
    const [a, b] = [line([100, 400, 'sealed']), line([350, 390, 'sealed'])];
    expect(suggest([a, b], END)).toEqual({ from: 351e6, to: 390e6 });
  });
  it('leaves out what was destroyed', () => {
    const old = line([100, 200, 'expired'], [200, 230, 'sealed']);
    expect(suggest([old], END)).toEqual({ from: 201e6, to: 230e6 });
  });
  it('stays before the last minute while nothing is known', () => {
    const unknown = { from: END - 180e6, to: END - 60e6 };
    const [a, b] = [line([100, 200, 'sealed']), line([300, 400, 'sealed'])];
    for (const lines of [[], [undefined], [line([100, 200, 'recording'])], [a, b]]) {
      expect(suggest(lines, END)).toEqual(unknown);
    }
  });
});
