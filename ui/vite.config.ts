import { defineConfig } from "vite";

/**
 * The chunks, by what is in them: few, because each is a request. What no line names is needed by every page.
 *
 * Only what draws a canvas needs the canvas, so that what is shared with other screens stands elsewhere.
 */
const CHUNKS: [string, RegExp][] = [
  ["index", /\.css$/],
  ["index", /\/src\/(screens\/deployments\/suggestion|canvas\/(definition|looks))\.ts$/],
  [
    "canvas",
    /\/node_modules\/(@xyflow|@dagrejs|d3-|zustand|classcat|use-sync-external-store)|\/src\/canvas\//,
  ],
  ["editor", /\/src\/screens\/editor\//],
  ["screens", /\/src\/screens\/versions\/(VersionsTable|useVersionList)/],
  ["screens", /\/src\/screens\/diff\/(?!Diff\.)/],
  ["screens", /\/src\/screens\/execution\/(states|values|ValueBox|shortValue)/],
  ["drawn", /\/src\/screens\/(versions|diff|playground|executions?)\//],
  ["home", /\/src\/screens\/home\//],
  ["settings", /\/src\/screens\/(settings|evaluators|deployments)\//],
  ["screens", /\/src\/screens\//],
];

/** Relative addresses only, so that the page works below any prefix of a proxy. */
export default defineConfig({
  base: "./",
  esbuild: { jsx: "automatic" },
  build: {
    assetsDir: "ui",
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    target: "es2022",
    rollupOptions: {
      output: { manualChunks: (id) => CHUNKS.find(([, holds]) => holds.test(id))?.[0] ?? "index" },
    },
  },
});
