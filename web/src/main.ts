import './styles/elements.css';
import './styles/frame.css';
import './styles/print.css';
import { mount } from 'svelte';
import { session } from './api/session.svelte';
import App from './App.svelte';
import { soon } from './soon';
import { words } from './words/index.svelte';

/** The page is drawn when words, letters and session are there, so that nothing on it jumps. */
async function start(): Promise<void> {
  const who = session.load().then(() => (session.demo ? session.meet() : undefined));
  await words.start().catch(() => undefined);
  await soon(Promise.all([who, words.letters()]));
  mount(App, { target: document.getElementById('app')! });
}
void start();
