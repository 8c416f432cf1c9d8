import './styles/elements.css';
import './styles/frame.css';
import './styles/print.css';
import { mount } from 'svelte';
import Desk from './rooms/desk/Desk.svelte';
import { words } from './words/index.svelte';

void words.start().finally(() => mount(Desk, { target: document.getElementById('app')! }));
