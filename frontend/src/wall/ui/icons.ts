// The map's own symbols for use in lists, so that a card and its mark on the map look the same.
const urls = import.meta.glob<string>("../../../../styles/icons/*.svg", {
  eager: true,
  query: "?url",
  import: "default",
});

const byName = new Map(
  Object.entries(urls).map(([path, url]) => [path.slice(path.lastIndexOf("/") + 1, -".svg".length), url]),
);

export const iconUrl = (name: string): string => byName.get(name) ?? byName.get("other-place") ?? "";
