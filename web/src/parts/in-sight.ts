import { tick } from 'svelte';
import { toCurrent } from './in-row';

/** The same as `toCurrent`, once what is changed now is drawn. */
export function inSight(row: HTMLElement | undefined): void {
  void tick().then(() => toCurrent(row));
}
