/** Longest wait for what a first view had better have, milliseconds: then it is drawn without. */
const PATIENCE_MS = 1_500;

/** When `work` is done, has failed, or takes too long. Whoever needs it asks again. */
export const soon = (work: Promise<unknown>): Promise<unknown> =>
  Promise.race([
    work.catch(() => undefined),
    new Promise((ok) => setTimeout(ok, PATIENCE_MS)),
  ]);
