// Which key asks for what in the operator's room. Never acts while somebody types.

export type Command =
  | { what: 'filter' | 'next' | 'previous' | 'acknowledge' | 'shelve' | 'help' | 'palette' }
  | { what: 'view'; slot: number };

export interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  isComposing?: boolean;
}

const LETTERS: Record<string, Exclude<Command['what'], 'view' | 'palette'>> = {
  '/': 'filter',
  j: 'next',
  k: 'previous',
  a: 'acknowledge',
  s: 'shelve',
  '?': 'help',
};
/** The same places on a keyboard with Serbian letters. */
const CYRILLIC: Record<string, string> = { ј: 'j', к: 'k', а: 'a', с: 's' };

/** `single` says whether keys without Ctrl act at all (WCAG 2.1.4). */
export function commandOf(e: Pressed, typing: boolean, single: boolean): Command | null {
  if (e.isComposing) return null;
  const low = e.key.toLowerCase();
  const key = CYRILLIC[low] ?? low;
  if ((e.ctrlKey || e.metaKey) && !e.altKey && key === 'k') return { what: 'palette' };
  if (e.ctrlKey || e.metaKey || e.altKey || typing || !single) return null;
  if (/^[1-9]$/.test(key)) return { what: 'view', slot: Number(key) };
  const what = LETTERS[key];
  return what ? { what } : null;
}

/** Whether what has the focus takes letters. */
export function types(el: Element | null): boolean {
  if (!el) return false;
  if (el.matches('textarea, select, [contenteditable]')) return true;
  const silent = ['checkbox', 'radio', 'range', 'button', 'submit'];
  return el instanceof HTMLInputElement && !silent.includes(el.type);
}

const KEPT = 'loggia-ops-single-keys';
/** Whether single keys are on, as this browser remembers it. */
export const singleKeys = {
  get: (): boolean => localStorage.getItem(KEPT) !== 'off',
  set: (on: boolean): void => {
    if (on) localStorage.removeItem(KEPT);
    else localStorage.setItem(KEPT, 'off');
  },
};
