// A page names what it will need soon in its head, so that the browser fetches it beside the script that would ask for it later: chunks
// that are imported at run time, and the fonts.
import type { HtmlTagDescriptor, Plugin } from "vite";

export function fetchedEarly(chunks: readonly string[], fonts: readonly string[]): Plugin {
  return {
    name: "fetched-early",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(_html, { bundle }) {
        const tags: HtmlTagDescriptor[] = [];
        const head = (attrs: Record<string, string | true>): number =>
          tags.push({ tag: "link", attrs, injectTo: "head" });
        for (const made of Object.values(bundle ?? {})) {
          const href = `/${made.fileName}`;
          if (made.type === "chunk" && chunks.includes(made.name)) {
            head({ rel: "modulepreload", crossorigin: true, href });
          } else if (chunks.some((chunk) => href.includes(`/${chunk}-`) && href.endsWith(".css"))) {
            head({ rel: "preload", as: "style", crossorigin: true, href });
          } else if (made.fileName.endsWith(".woff2") && fonts.some((font) => href.includes(font))) {
            head({ rel: "preload", as: "font", type: "font/woff2", crossorigin: true, href });
          }
        }
        return tags;
      },
    },
  };
}
