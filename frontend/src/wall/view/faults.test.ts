// What an address asks for in vain is said, with the value and the limit.
import { expect, it } from "vitest";

import { addressFaults, unknownNames } from "./faults";

it("an address that makes sense has no faults", () => {
  for (const query of [
    "",
    "?scene=downtown&layers=units,cameras&style=day&scale=1.5&cycle=1&focus=off&sound=on&volume=40&quiet=22:00-06:00",
    "?at=-110.97,32.22,15&cell=2,1&grid=2,1&bezel=40,12",
    "?at=-110.97,32.22,15,30,45&cell=3,2&focus=20&replay=2026-03-01T04:14:05Z",
  ]) {
    expect(addressFaults(query), query).toEqual([]);
  }
});

it.each([
  ["?cell=9,9&grid=2,1", /cell=9,9 .*grid=2,1 is 2,1.*whole view/],
  ["?cell=99,1", /cell=99,1 .*from 1 to 32.*whole view/],
  ["?cell=a", /cell=a .*two whole numbers/],
  ["?cell=1,1&grid=0,1", /grid=0,1 .*from 1 to 32/],
  ["?grid=2,1", /grid=2,1 says nothing without cell=/],
  ["?cell=1,1&bezel=5000", /bezel=5000 .*0 to 1000/],
  ["?at=1,2", /at=1,2 .*zoom 0 to 22/],
  ["?at=-110,32,30", /at=-110,32,30 .*zoom 0 to 22/],
  ["?at=-110,99,3", /lat to ±85/],
  ["?scale=9", /scale=9 .*0.5 to 4/],
  ["?scale=big", /scale=big .*0.5 to 4/],
  ["?style=pink", /style=pink .*night or day.*Night is shown/],
  ["?cycle=yes", /cycle=yes .*1 or 0/],
  ["?focus=-3", /focus=-3 .*0 to 3600/],
  ["?sound=loud", /sound=loud .*on or off/],
  ["?volume=400", /volume=400 .*0 to 100/],
  ["?quiet=late", /quiet=late .*22:00-06:00/],
  ["?replay=yesterday", /replay=yesterday .*instant/],
  ["?scnee=downtown", /scnee= is not known\. Known are: scene, layers/],
])("%s is one fault, with value and limit", (query, said) => {
  const faults = addressFaults(query);
  expect(faults).toHaveLength(1);
  expect(faults[0]).toMatch(said);
});

it("scenes and layers that are not there are named beside those that are", () => {
  const asked = { scene: "nosuch", layers: ["units", "unicorns"] };
  expect(unknownNames(asked, ["city", "downtown"], ["units"])).toEqual([
    "scene=nosuch is not known. Known are: city, downtown. city is shown.",
    "layers=unicorns: no such layer here. Known are: units.",
  ]);
  expect(unknownNames({ scene: "x", layers: null }, [], [])).toEqual([
    "scene=x is not known. There are none here.",
  ]);
  expect(unknownNames({ scene: "city", layers: ["units"] }, ["city"], ["units"])).toEqual([]);
});
