// Every word of the pages, in English.
import { everywhere } from './everywhere';
import { square } from './square';
import { ops } from './ops';
import { evidence } from './evidence';
import { audit } from './audit';
import { delays } from './delays';
import { desk } from './desk';
import { people } from './people';

export const en = {
  ...everywhere,
  ...square,
  ...ops,
  ...evidence,
  ...audit,
  ...delays,
  ...desk,
  ...people,
};
