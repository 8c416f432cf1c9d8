import './styles/elements.css';
import './styles/frame.css';
import './styles/print.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { words } from './words/index.svelte';

void words.start().finally(() => mount(App, { target: document.getElementById('app')! }));
