// The rail: what is listed, in which order, and that no plate is ever shown whole.
import { describe, expect, it } from "vitest";

import { joined } from "../blockages";
import type { Alert, LiveFeature, Value } from "../live/messages";
import { maskedPlate } from "./plate";
import { railCards, type RailSource } from "./rail";

const feature = (id: string, properties: Record<string, Value>, observed_at: string): LiveFeature => ({
  type: "Feature",
  id,
  geometry: { type: "Point", coordinates: [-110.9, 32.2] },
  properties,
  observed_at,
});
const held = (layers: Record<string, LiveFeature[]>, alerts: Alert[] = []): RailSource => ({
  features: (layer) => (layer === "blockages" ? joined(layers[layer] ?? []) : (layers[layer] ?? [])),
  cameraName: (id) => (id === "cam-1" ? "22nd & Alvernon" : null),
  alerts,
});
const early = "2026-01-01T00:00:00Z";
const late = "2026-01-01T00:05:00Z";

describe("the rail", () => {
  it("lists priority 1 to 3 only, by priority and then newest first", () => {
    const cards = railCards(
      held({
        incidents: [
          feature("low", { priority: 4, type: "noise" }, late),
          feature("three", { priority: 3, type: "theft" }, late),
          feature("old one", { priority: 1, type: "fire" }, early),
          feature("new one", { priority: 1, type: "shooting" }, late),
        ],
      }),
      new Set(),
    );
    expect(cards.map((card) => card.id)).toEqual(["new one", "old one", "three"]);
  });

  it("puts acknowledged cards last", () => {
    const incidents = [
      feature("a", { priority: 1, type: "fire" }, late),
      feature("b", { priority: 3, type: "theft" }, early),
    ];
    const cards = railCards(held({ incidents }), new Set(["incidents/a"]));
    expect(cards.map((card) => card.id)).toEqual(["b", "a"]);
  });

  it("leaves out closed incidents and dismissed hits", () => {
    const cards = railCards(
      held({
        incidents: [feature("a", { priority: 1, status: "closed" }, late)],
        alpr_hits: [feature("h", { status: "dismissed", plate: "ABC1234" }, late)],
      }),
      new Set(),
    );
    expect(cards).toEqual([]);
  });

  it("ranks a confident takeover above an unsure one", () => {
    const blockages = [
      feature("unsure", { cause: "takeover", confidence: 0.4 }, late),
      feature("sure", { cause: "takeover", confidence: 0.9 }, early),
    ];
    expect(railCards(held({ blockages }), new Set()).map((card) => [card.id, card.severity])).toEqual([
      ["sure", 1],
      ["unsure", 2],
    ]);
  });

  it("an alert about a feature stands in for the feature's own card", () => {
    const incidents = [feature("a", { priority: 3, type: "theft" }, early)];
    const alert = {
      id: "al-1",
      title: "Theft inside the perimeter",
      text: "Congress St",
      level: 1,
      raised_at: late,
      layer: "incidents",
      feature: "a",
      lon: null,
      lat: null,
    };
    const cards = railCards(held({ incidents }, [alert]), new Set());
    expect(cards.map((card) => [card.title, card.severity])).toEqual([["Theft inside the perimeter", 1]]);
  });

  it("says the name of the camera that read a plate", () => {
    const alpr_hits = [
      feature("a", { reason: "stolen", camera: "cam-1" }, late),
      feature("b", { reason: "stolen", camera: "cam-2" }, early),
    ];
    expect(railCards(held({ alpr_hits }), new Set()).map((card) => card.place)).toEqual([
      "22nd & Alvernon",
      "Camera cam-2",
    ]);
  });

  it("has one card for a junction, though each blocked street is a feature too", () => {
    const line = (id: string, confidence: number): LiveFeature => ({
      ...feature(id, { cause: "takeover", intersection: "22nd & Park", confidence }, late),
      geometry: {
        type: "LineString",
        coordinates: [
          [0, 0],
          [1, 1],
        ],
      },
    });
    const point = feature("at", { cause: "takeover", intersection: "22nd & Park", confidence: 0.5 }, late);
    for (const blockages of [
      [point, line("a", 0.8), line("b", 0.9)],
      [line("a", 0.8), point, line("b", 0.9)],
      [line("a", 0.8), line("b", 0.9), point],
    ]) {
      const cards = railCards(held({ blockages }), new Set());
      expect(cards.map((card) => [card.id, card.severity, card.kind])).toEqual([
        ["at", 1, "Blockage, 90 % sure"],
      ]);
    }
  });

  it("has one card for a takeover that is called in and measured, as severe as the worse of them, and loses neither", () => {
    const call = feature(
      "c1",
      {
        priority: 2,
        type: "Street takeover",
        discipline: "police",
        address: "22nd & Park",
        opened_at: early,
      },
      late,
    );
    const elsewhere = feature(
      "c2",
      { priority: 2, type: "Street takeover", discipline: "police", address: "Oracle" },
      late,
    );
    const blocked = feature("b", { cause: "takeover", intersection: "22nd & Park", confidence: 0.9 }, late);
    const cards = railCards(held({ incidents: [call, elsewhere], blockages: [blocked] }), new Set());
    expect(cards.map(({ key, severity, others }) => [key, severity, others.map((it) => it.key)])).toEqual([
      ["blockages/b", 1, ["incidents/c1"]],
      ["incidents/c2", 2, []],
    ]);
    expect(cards[0]?.since).toBe(Date.parse(early));
    const twice = [call, { ...call, id: "c3" }];
    expect(railCards(held({ incidents: twice }), new Set())).toHaveLength(2);
  });

  it("never shows a whole plate", () => {
    for (const plate of ["A", "AB12", "ABC1234", "7-XYZ-998", "ÑAB 123"]) {
      const cards = railCards(
        held({ alpr_hits: [feature("h", { plate, reason: "stolen" }, late)] }),
        new Set(),
      );
      expect(cards[0]?.title).not.toContain(plate);
      expect(cards[0]?.place).not.toContain(plate);
      expect(maskedPlate(plate)).toContain("•");
    }
    expect(maskedPlate("ABC-1234")).toBe("A••••34");
  });
});
