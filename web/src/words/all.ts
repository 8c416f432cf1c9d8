// All words at once, for tests: the pages have those of everywhere, and a room's own come with it.
import { data as enData } from './en/data';
import { en as enBook } from './en/index';
import { parts as enParts } from './en/parts';
import { story as enStory } from './en/story';
import { data as srData } from './sr/data';
import { sr as srBook } from './sr/index';
import { parts as srParts } from './sr/parts';
import { story as srStory } from './sr/story';

export const en = { ...enBook, ...enData, ...enParts, ...enStory };
export const sr = { ...srBook, ...srData, ...srParts, ...srStory };
