// Сви натписи страница на српском, ћирилицом.
import { everywhere } from './everywhere';
import { square } from './square';
import { ops } from './ops';
import { evidence } from './evidence';
import { audit } from './audit';
import { delays } from './delays';
import { desk } from './desk';
import { people } from './people';

export const sr = {
  ...everywhere,
  ...square,
  ...ops,
  ...evidence,
  ...audit,
  ...delays,
  ...desk,
  ...people,
};
