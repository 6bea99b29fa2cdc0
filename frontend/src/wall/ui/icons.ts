// The map's own symbols for use in lists, so that a card and its mark on the map look the same. They are part of the script: a card
// that appears while the server is away still has its symbol.
const drawings = import.meta.glob<string>("../../../../styles/icons/*.svg", {
  eager: true,
  query: "?raw",
  import: "default",
});

const byName = new Map(
  Object.entries(drawings).map(([path, svg]) => [
    path.slice(path.lastIndexOf("/") + 1, -".svg".length),
    `data:image/svg+xml,${encodeURIComponent(svg)}`,
  ]),
);

export const iconUrl = (name: string): string => byName.get(name) ?? byName.get("other-place") ?? "";
