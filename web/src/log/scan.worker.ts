// Reads the log beside the page, so that the page stays live. Gives one step for each question:
// what is not asked for is not read, and nothing piles up.
import { start, wire, type Job } from './job';

let steps: Promise<AsyncIterator<unknown>> | null = null;

addEventListener('message', (e: MessageEvent<Job | 'next'>) => {
  if (e.data !== 'next') {
    steps = start(e.data);
    return;
  }
  const next = steps?.then((s) => s.next());
  next?.then((step) => postMessage({ step }), (x: unknown) => postMessage({ error: wire(x) }));
});
