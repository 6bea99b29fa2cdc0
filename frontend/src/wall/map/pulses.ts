// What alarms anew pulses for five seconds and settles: DOM rings over the map, animated by the compositor, so that the map need not
// be drawn for it. Slower than three flashes a second; with reduced motion the ring stands still.
import { Marker, type Map as MapLibreMap } from "maplibre-gl";

const LASTS_MS = 5000;
const AT_MOST = 8;

export class Pulses {
  readonly #shown = new Map<string, { marker: Marker; timer: number }>();

  constructor(private readonly map: MapLibreMap) {}

  start(key: string, at: [number, number], severity: 1 | 2 | 3): void {
    this.stop(key);
    if (this.#shown.size >= AT_MOST) this.stop([...this.#shown.keys()][0] ?? "");
    const element = document.createElement("div");
    element.className = `pulse pulse-${severity}`;
    element.setAttribute("aria-hidden", "true");
    element.append(document.createElement("i"), document.createElement("i"));
    const marker = new Marker({ element }).setLngLat(at).addTo(this.map);
    element.removeAttribute("aria-label");
    element.removeAttribute("role");
    element.removeAttribute("tabindex");
    const timer = window.setTimeout(() => this.stop(key), LASTS_MS);
    this.#shown.set(key, { marker, timer });
  }

  stop(key: string): void {
    const shown = this.#shown.get(key);
    if (shown === undefined) return;
    window.clearTimeout(shown.timer);
    shown.marker.remove();
    this.#shown.delete(key);
  }
}
