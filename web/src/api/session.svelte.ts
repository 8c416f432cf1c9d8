import { get, post, remove, SIGNED_OUT, V1 } from './call';
import { dropDrafts } from './drafts';
import type { Passkey } from '../seal/passkey';
import type { Actor, Body, DemoPerson, Role, SessionAnswer } from './types';

/** A person as the roster has them. */
type Listed = Actor & { passkeys?: Passkey[] };

// Who is signed in, as the server says; nothing about it is kept in the page beyond this.
class Session {
  actor = $state<Actor | null>(null);
  /** Whether the server could not say who is signed in: the page's head tells why. */
  unread = $state(false);
  demo = $state(false);
  /** The identity provider's name, where one may sign in as well. */
  provider = $state('');
  /** Until when the break-glass account is open, when it is the one signed in. */
  breakGlass = $state<number | null>(null);
  known = $state(false);
  /** The session ended by itself, not by signing out. */
  ended = $state(false);
  /** The people one can be; empty outside a demo. */
  people = $state.raw<DemoPerson[]>([]);
  /** Everybody in the roster, as those who work here may see it; empty when signed out. */
  roster = $state.raw<Listed[]>([]);
  /** The demo's key desk, under the name by which this page was reached. */
  desk = $state('');

  constructor() {
    addEventListener(SIGNED_OUT, () => {
      this.ended ||= this.actor !== null;
      this.actor = null;
      this.roster = [];
    });
  }
  async load(): Promise<void> {
    const s = await get<SessionAnswer>(`${V1}/session`).catch((e: unknown) => {
      this.unread = true;
      throw e;
    });
    this.unread = false;
    if (s.demo && !this.desk) {
      const { port } = await get<{ port: number }>(`${V1}/demo/desk`);
      this.desk = `${location.protocol}//${location.hostname}:${port}/`;
    }
    // Shut by somebody else: said as any session that ended by itself.
    if (this.breakGlass && !s.actor) this.ended = true;
    this.actor = s.actor;
    if (!s.actor) this.roster = [];
    if (s.actor) {
      this.ended = false;
      const { person } = s.actor;
      dropDrafts((writer) => writer !== person);
    }
    this.demo = s.demo;
    this.provider = s.provider ?? '';
    this.breakGlass = s.break_glass;
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
    const person = this.actor?.person;
    const there = await remove<{ provider: string } | undefined>(`${V1}/session`);
    // Whoever leaves by their own will leaves nothing for the next; a session that merely runs out
    // keeps what was typed.
    dropDrafts((writer) => writer === person);
    // The session began at the identity provider and goes on there until it is ended there too.
    if (there) location.assign(there.provider);
    else await this.load();
    this.ended = false;
  }
  /** Fetches who works here: the demo's people, and for those signed in the roster. */
  async meet(): Promise<void> {
    if (this.demo && !this.people.length) this.people = await get<DemoPerson[]>(`${V1}/demo/people`);
    if (this.actor && !this.roster.length) {
      const chain = await get<{ roster: string }[]>(`${V1}/roster`);
      const last = chain.at(-1);
      if (last) this.roster = (JSON.parse(last.roster) as { members: Listed[] }).members;
    }
  }
  /** A person's name where it is known, else the account. */
  name(person: string): string {
    const is = (p: Actor) => p.person === person;
    return (this.roster.find(is) ?? this.people.find(is) ?? (this.actor && is(this.actor) ? this.actor : null))?.name ?? person;
  }
  /** Who of the demo could do this. */
  someone(role: Role, body: Body): DemoPerson | null {
    return this.people.find((p) => p.body === body && p.roles.includes(role)) ?? null;
  }
  /** The passkeys that the roster names for whoever is signed in. */
  get passkeys(): Passkey[] {
    return this.roster.find((p) => p.person === this.actor?.person)?.passkeys ?? [];
  }
  has(...roles: Role[]): boolean {
    return roles.some((r) => this.actor?.roles.includes(r));
  }
}
export const session = new Session();
