// Натписи јавног трга. Облици раздвојени са `|`: један, неколико, много.
import type { square as en } from '../en/square';

export const square: Record<keyof typeof en, string> = {
  'sq.list': 'Списак камера',
  'sq.search': 'Нађите камеру по месту или имену',

  'how.abandoned': 'напуштен',
  'how.answered': 'одговорено',
  'how.expired': 'истекао',
  'how.withdrawn': 'повучен',
};
