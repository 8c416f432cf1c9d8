import { get, V1 } from './call';
import type { CameraSpans, PublicCamera } from './types';

// What the cameras are called: fetched once for all pages, and again when a number is not known.
class Cameras {
  all = $state.raw<PublicCamera[]>([]);
  #asked: Promise<void> | null = null;

  load(): Promise<void> {
    this.#asked ??= get<PublicCamera[]>(`${V1}/public/cameras`).then(
      (c) => void (this.all = c),
      // Numbers stand where names would: the next page asks again.
      () => void (this.#asked = null),
    );
    return this.#asked;
  }
  /** The camera's name, or its number where the name is not known. */
  label(id: number): string {
    return this.all.find((c) => c.id === id)?.label ?? String(id);
  }
  /** The first names of several cameras, and how many more there are. */
  some(spans: CameraSpans[], most = 2): { names: string; more: number } {
    const names = spans.slice(0, most).map((s) => this.label(s.camera));
    return { names: names.join(', '), more: Math.max(0, spans.length - most) };
  }
}
export const cameras = new Cameras();
