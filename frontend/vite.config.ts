// Builds two independent pages. `vite build` makes the wall under assets/app/; `--mode sign-in` adds the sign-in page under
// assets/sign-in/, which the server hands out before anybody is known, so it shares no chunk with the wall.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

import { fetchedEarly } from "./tools/fetched-early.ts";
import { packed } from "./tools/packed.ts";

const serverDuringDevelopment = process.env["ATALAYA_ADDRESS"] ?? "http://127.0.0.1:8080";
const serverPaths =
  "^/(session|catalog|feeds|scenes|near|seeing|past|timeline|search|ogc|streams|tiles|styles|sprites|live|cells)(/|\\?|$)";

export default defineConfig(({ mode }) => {
  const signIn = mode === "sign-in";
  const folder = signIn ? "assets/sign-in" : "assets/app";
  return {
    base: "/",
    plugins: [svelte(), fetchedEarly(["stage"], ["400-normal", "700-normal"]), packed()],
    server: { proxy: { [serverPaths]: { target: serverDuringDevelopment, ws: true } } },
    build: {
      emptyOutDir: !signIn,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 1300,
      rolldownOptions: {
        input: signIn ? "sign-in.html" : "wall.html",
        output: {
          entryFileNames: `${folder}/[name]-[hash].js`,
          chunkFileNames: `${folder}/[name]-[hash].js`,
          assetFileNames: `${folder}/[name]-[hash][extname]`,
        },
      },
    },
    worker: {
      format: "es",
      rolldownOptions: { output: { entryFileNames: `${folder}/[name]-[hash].js` } },
    },
    test: { include: ["src/**/*.test.ts"], environment: "node" },
  };
});
