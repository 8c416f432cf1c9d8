import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// Two pages: the city's (index.html) and the custodian's desk (desk.html), which `loggia key desk`
// serves from the custodian's own machine. The square's pages are the server's: square.ts brings
// their look and their map, and the manifest tells the server how these files are called.
// Nothing is inlined: the CSP allows no inline code or data: fonts.
export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    // MapLibre is one lazy chunk of about 1.1 MB (430 KB gzip on the wire with its worker apart).
    chunkSizeWarningLimit: 1300,
    manifest: 'manifest.json',
    rollupOptions: { input: { index: 'index.html', desk: 'desk.html', square: 'src/square.ts' } },
  },
  worker: { format: 'es' },
  server: {
    port: 5173,
    proxy: Object.fromEntries(
      ['/api', '/log', '/basemap', '/ngsi-ld'].map((p) => [
        p,
        process.env.LOGGIA_URL ?? 'http://127.0.0.1:8080',
      ]),
    ),
  },
  test: { include: ['src/**/*.test.ts'] },
});
