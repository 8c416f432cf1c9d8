// Where one is: the path and query are the page's only state that outlives a click.

class Route {
  path = $state(location.pathname);
  query = $state(location.search);
  /** What a page inside a room calls itself; the room's own name when empty. */
  title = $state('');

  param(name: string): string | null {
    return new URLSearchParams(this.query).get(name);
  }
  go(href: string, how: 'push' | 'replace' = 'push'): void {
    const url = new URL(href, location.href);
    if (how === 'push') history.pushState(null, '', url);
    else history.replaceState(null, '', url);
    const moved = this.path !== url.pathname;
    this.#read();
    if (moved) {
      scrollTo(0, 0);
      document.getElementById('main')?.focus({ preventScroll: true });
    }
  }
  set(params: Record<string, string | null>, how: 'push' | 'replace' = 'replace'): void {
    const q = new URLSearchParams(this.query);
    for (const [k, v] of Object.entries(params)) {
      if (v === null || v === '') q.delete(k);
      else q.set(k, v);
    }
    const text = q.toString();
    this.go(this.path + (text ? `?${text}` : ''), how);
  }
  /** What the page calls itself while the component lives; called while one begins. */
  titled(title: () => string): void {
    $effect(() => {
      this.title = title();
      return () => (this.title = '');
    });
  }
  /** Follows plain clicks on links of these pages; everything else is the browser's. */
  follow = (e: MouseEvent): void => {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    const a = (e.target as Element | null)?.closest('a');
    if (!a || a.target || a.origin !== location.origin || a.hasAttribute('download')) return;
    // The square (/) is the server's own page: a link to it is a full load.
    const rooms = ['/ops', '/data', '/evidence', '/audit', '/story', '/parts'];
    const known = rooms.some((r) => a.pathname === r || a.pathname.startsWith(`${r}/`));
    if (!known || (a.hash && a.pathname === location.pathname)) return;
    e.preventDefault();
    this.go(a.href);
  };
  #read = (): void => {
    this.path = location.pathname;
    this.query = location.search;
  };
  constructor() {
    addEventListener('popstate', this.#read);
  }
}
export const route = new Route();
