// The wall's entry: reads the address, hangs the interface, and opens the wall behind it.
import { mount } from "svelte";

import "../look/fonts.css";
import "./ui/wall.css";

import { paintInterface } from "../look/palette";
import { openWall } from "./open";
import { beginOpening } from "./opening";
import { stayAwake } from "./screen/awake";
import { followScreen } from "./screen/following";
import { watchMemory } from "./screen/watchdog";
import { keptSound } from "./sound/keeping";
import { settle } from "./sound/settings";
import { Wall } from "./state/wall.svelte";
import App from "./ui/App.svelte";
import { readAddress } from "./view/address";
import { addressFaults } from "./view/faults";
import { wallScale } from "./view/scale";

const address = readAddress(window.location.pathname, window.location.search);
const wall = new Wall();
wall.name = address.wall;
wall.theme = address.style ?? "night";
wall.part = address.part;
wall.faults = addressFaults(window.location.search);
wall.sound = settle(keptSound(), wall.leads ? address.sound : { ...address.sound, on: false });
const scaleToScreen = (): void => {
  wall.scale = wallScale(address.scale, window.screen.height);
  document.documentElement.style.fontSize = `${String(20 * wall.scale)}px`;
};
scaleToScreen();
followScreen(scaleToScreen);
document.documentElement.dataset["state"] = "loading";
paintInterface(wall.theme, document.documentElement);

const opening = beginOpening(wall.theme, (why) => (wall.trouble = why));
const target = document.getElementById("wall");
if (target === null) throw new Error("the page has no #wall");
mount(App, {
  target,
  props: {
    wall,
    raise: (container: HTMLElement) => openWall(wall, address, container, opening),
  },
});

stayAwake();
watchMemory(
  () => ({
    up_ms: performance.now(),
    live: wall.link === "live",
    busy: wall.replay !== null || wall.panel !== "none" || wall.selected !== null || wall.focus !== null,
    sinceAlarm_ms: wall.now - Math.max(0, ...wall.cards.map((card) => card.since)),
  }),
  () => window.location.reload(),
);
