// All words at once, for tests: the pages have those of everywhere, and a room's own come with it.
import { data as enData } from './en/data';
import { en as enBook } from './en/index';
import { data as srData } from './sr/data';
import { sr as srBook } from './sr/index';

export const en = { ...enBook, ...enData };
export const sr = { ...srBook, ...srData };
