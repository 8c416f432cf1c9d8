import { expect, test } from 'vitest';
import { queryKept } from './views';

test('a view keeps page, filter and form, in one order, and nothing that was only chosen', () => {
  expect(queryKept('?camera=14&find=трг+1&page=cameras&alarm=disk_full&only=abnormal')).toBe(
    queryKept('?only=abnormal&page=cameras&find=трг 1'),
  );
  expect(queryKept('?camera=14&kiosk=1&until=5&lang=sr')).toBe('');
  expect(new URLSearchParams(queryKept('?as=table&find=a%26b')).get('find')).toBe('a&b');
});
