import { defineConfig } from 'vite';

// `npx vite` serves the pages with a server on its usual port behind them.
export default defineConfig({
  base: '/console/',
  build: { target: 'es2022', modulePreload: false, assetsInlineLimit: 0 },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  server: { proxy: { '/api': 'http://127.0.0.1:8981' } },
});
