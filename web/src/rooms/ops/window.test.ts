import { expect, test } from 'vitest';
import { drawn, toSee } from './window';

test('what is in sight is drawn wherever one stands, and little more', () => {
  for (const columns of [1, 3, 7]) {
    for (let scrolled = 0; scrolled < 8000 / columns * 40; scrolled += 997) {
      const d = drawn(8000, columns, 40, scrolled, 600);
      expect(d.from % columns).toBe(0);
      expect(d.top).toBe((d.from / columns) * 40);
      const firstSeen = Math.floor(scrolled / 40) * columns;
      const lastSeen = Math.min(8000, Math.ceil((scrolled + 600) / 40) * columns);
      expect(d.from).toBeLessThanOrEqual(Math.min(firstSeen, 7999));
      expect(d.to).toBeGreaterThanOrEqual(lastSeen);
      expect(d.to - d.from).toBeLessThanOrEqual((15 + 1 + 6) * columns);
    }
  }
  expect(drawn(0, 4, 40, 0, 600)).toEqual({ from: 0, to: 0, top: 0, height: 0 });
});

test('a list that has become short is drawn although one stands beyond its end', () => {
  const d = drawn(5, 2, 40, 9000, 600);
  expect(d.to).toBe(5);
  expect(d.from).toBeLessThan(5);
});

test('one scrolls only as far as is needed', () => {
  expect(toSee(50, 1, 40, 0, 600)).toBe(51 * 40 - 600);
  expect(toSee(3, 1, 40, 400, 600)).toBe(120);
  expect(toSee(12, 1, 40, 400, 600)).toBe(400);
});
