import { defineConfig } from "vite";

/** Relative addresses only, so that the page works below any prefix of a proxy. */
export default defineConfig({
  base: "./",
  esbuild: { jsx: "automatic" },
  build: { assetsDir: "ui", assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: "es2022" },
});
