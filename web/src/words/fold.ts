import { toLatin } from './latin';

/** Folds scripts, case and diacritics, so that «Коста», "Košta" and "kosta" find each other. */
export const fold = (s: string): string =>
  toLatin(s.toLowerCase())
    .replace(/đ/g, 'dj')
    .normalize('NFD')
    .replace(/\p{M}/gu, '');
