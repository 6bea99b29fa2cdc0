// Says when the wall may be on another screen: its window has another size, or the pixels of its display are others. The screen itself
// tells a page nothing where the connection is not secure.

export function followScreen(onChange: () => void): void {
  window.addEventListener("resize", onChange);
  const watch = (): void => {
    const same = window.matchMedia(`(resolution: ${String(window.devicePixelRatio)}dppx)`);
    const changed = (): void => {
      watch();
      onChange();
    };
    same.addEventListener("change", changed, { once: true });
  };
  watch();
}
