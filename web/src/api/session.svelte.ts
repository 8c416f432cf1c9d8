import { get, post, remove, V1 } from './call';
import type { Actor, Role, SessionAnswer } from './types';

// Who is signed in, as the server says; nothing about it is kept in the page beyond this.
class Session {
  actor = $state<Actor | null>(null);
  demo = $state(false);
  known = $state(false);
  /** The demo's key desk, under the name by which this page was reached. */
  desk = $state('');

  async load(): Promise<void> {
    const s = await get<SessionAnswer>(`${V1}/session`);
    if (s.demo && !this.desk) {
      const { port } = await get<{ port: number }>(`${V1}/demo/desk`);
      this.desk = `${location.protocol}//${location.hostname}:${port}/`;
    }
    this.actor = s.actor;
    this.demo = s.demo;
    this.known = true;
  }
  async signIn(person: string, password: string): Promise<void> {
    await post(`${V1}/session`, { person, password });
    await this.load();
  }
  async become(person: string): Promise<void> {
    await post(`${V1}/demo/become`, { person });
    await this.load();
  }
  async signOut(): Promise<void> {
    await remove(`${V1}/session`);
    await this.load();
  }
  has(...roles: Role[]): boolean {
    return roles.some((r) => this.actor?.roles.includes(r));
  }
}
export const session = new Session();
