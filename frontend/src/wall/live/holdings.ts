// What this wall holds of the live picture, kept per (layer, cell). Pure: messages in, changes out.
//
// The rules of the wire:
//   snapshot  replaces all that is held of (layer, cell)
//   delta     removes first, then upserts; a remove counts only if our copy came from this very cell, so a feature that moved to
//             another cell is never lost, whichever of the two deltas comes first
import type { Delta, LiveFeature, Snapshot } from "./messages";

export interface Change {
  layer: string;
  removed: string[];
  placed: LiveFeature[];
}

interface Held {
  cell: string;
  feature: LiveFeature;
}

class Layer {
  readonly held = new Map<string, Held>();
  readonly #cells = new Map<string, Set<string>>();

  place(cell: string, feature: LiveFeature): void {
    const before = this.held.get(feature.id);
    if (before !== undefined && before.cell !== cell) this.#forget(before.cell, feature.id);
    this.held.set(feature.id, { cell, feature });
    let ids = this.#cells.get(cell);
    if (ids === undefined) this.#cells.set(cell, (ids = new Set()));
    ids.add(feature.id);
  }

  /** False where our copy came from elsewhere, or there is none. */
  remove(cell: string, id: string): boolean {
    if (this.held.get(id)?.cell !== cell) return false;
    this.held.delete(id);
    this.#forget(cell, id);
    return true;
  }

  idsIn(cell: string): string[] {
    return [...(this.#cells.get(cell) ?? [])];
  }

  cells(): string[] {
    return [...this.#cells.keys()];
  }

  #forget(cell: string, id: string): void {
    const ids = this.#cells.get(cell);
    ids?.delete(id);
    if (ids?.size === 0) this.#cells.delete(cell);
  }
}

export class Holdings {
  readonly #layers = new Map<string, Layer>();

  apply(message: Snapshot | Delta): Change {
    return message.type === "snapshot" ? this.#replace(message) : this.#merge(message);
  }

  /** Drops what is held of cells outside the subscription; `*` belongs to every subscription. */
  keepOnly(cells: ReadonlySet<string>): Change[] {
    const changes: Change[] = [];
    for (const [name, layer] of this.#layers) {
      const removed: string[] = [];
      for (const cell of layer.cells()) {
        if (cell === "*" || cells.has(cell)) continue;
        for (const id of layer.idsIn(cell)) if (layer.remove(cell, id)) removed.push(id);
      }
      if (removed.length > 0) changes.push({ layer: name, removed, placed: [] });
    }
    return changes;
  }

  /** Drops whole layers that are no longer to be seen. */
  keepLayers(names: ReadonlySet<string>): Change[] {
    const changes: Change[] = [];
    for (const [name, layer] of this.#layers) {
      if (names.has(name)) continue;
      changes.push({ layer: name, removed: [...layer.held.keys()], placed: [] });
      this.#layers.delete(name);
    }
    return changes;
  }

  features(layer: string): LiveFeature[] {
    return [...(this.#layers.get(layer)?.held.values() ?? [])].map((held) => held.feature);
  }

  feature(layer: string, id: string): LiveFeature | undefined {
    return this.#layers.get(layer)?.held.get(id)?.feature;
  }

  count(layer: string): number {
    return this.#layers.get(layer)?.held.size ?? 0;
  }

  #layer(name: string): Layer {
    let layer = this.#layers.get(name);
    if (layer === undefined) this.#layers.set(name, (layer = new Layer()));
    return layer;
  }

  #replace({ layer: name, cell, features }: Snapshot): Change {
    const layer = this.#layer(name);
    const coming = new Set(features.map((feature) => feature.id));
    const removed = layer.idsIn(cell).filter((id) => !coming.has(id));
    for (const id of removed) layer.remove(cell, id);
    for (const feature of features) layer.place(cell, feature);
    return { layer: name, removed, placed: features };
  }

  #merge({ layer: name, cell, removes, upserts }: Delta): Change {
    const layer = this.#layer(name);
    const removed = removes.filter((id) => layer.remove(cell, id));
    for (const feature of upserts) layer.place(cell, feature);
    return { layer: name, removed, placed: upserts };
  }
}
