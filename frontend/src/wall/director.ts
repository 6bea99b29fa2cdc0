// Carries out what keys, clicks and the clock ask for. Every way to operate the wall ends here, so that none can do what another
// cannot: the view is changed by `showing`, what is looked at by `pointing`, and the rest is here.
import { createContext } from "svelte";

import type { Focusing } from "./focus/focusing";
import type { Command } from "./keys/bindings";
import { nothingToDo } from "./keys/nothing-to-do";
import type { Stage } from "./map/stage";
import type { Pointing } from "./pointing";
import type { ReplayDoor } from "./replay/door";
import type { Scene } from "./server/shapes";
import type { Showing } from "./showing";
import { keepSound } from "./sound/keeping";
import type { SoundSettings } from "./sound/settings";
import type { Tones } from "./sound/tones";
import type { Panel, Wall } from "./state/wall.svelte";

/** What a director directs. */
export interface Cast {
  stage: Stage;
  showing: Showing;
  pointing: Pointing;
  focusing: Focusing;
  tones: Tones;
}

/** Long enough to be read. */
const HINT_MS = 4000;

export class Director {
  /** Set by whoever opens the wall. */
  replay: ReplayDoor | null = null;
  readonly showing: Showing;
  readonly pointing: Pointing;
  #hintEnds: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly wall: Wall,
    private readonly cast: Cast,
  ) {
    this.showing = cast.showing;
    this.pointing = cast.pointing;
  }

  run(command: Command): void {
    const { showing, pointing } = this;
    const why = nothingToDo(command, this.wall);
    if (why !== null) return this.#hint(why);
    switch (command.do) {
      case "scene":
        return this.openScene(this.wall.scenes[command.index]);
      case "pan":
        this.wall.reticle = true;
        showing.movedByHand();
        return this.cast.stage.pan(command.x, command.y);
      case "zoom":
        showing.movedByHand();
        return this.cast.stage.zoom(command.by);
      case "alert":
        return pointing.stepAlert(command.step);
      case "feature":
        return pointing.stepFeature(command.step);
      case "details":
        return this.wall.enterOpensFocus ? this.openFocus() : pointing.details();
      case "acknowledge":
        return this.acknowledge(this.wall.currentCard ?? this.wall.selected?.key ?? null);
      case "pin":
        return this.pin();
      case "plate":
        return pointing.openPlate();
      case "mute":
        return this.mute();
      case "theme":
        return showing.changeTheme();
      case "cycle":
        return showing.cycle();
      case "fullscreen":
        return void this.fullscreen();
      case "replay":
        return this.replay?.toggle();
      case "back":
        return this.back();
      case "layers":
      case "find":
      case "help":
      case "sound":
        return this.open(command.do);
    }
  }

  #hint(why: string): void {
    clearTimeout(this.#hintEnds);
    this.wall.hint = why;
    this.#hintEnds = setTimeout(() => (this.wall.hint = ""), HINT_MS);
  }

  open(panel: Panel): void {
    this.wall.panel = this.wall.panel === panel ? "none" : panel;
  }

  openScene(scene: Scene | undefined): void {
    if (scene === undefined) return;
    this.pointing.stay();
    this.wall.reticle = false;
    this.showing.openScene(scene);
  }

  /** To be called once a second. */
  turnScene(): void {
    this.openScene(this.showing.sceneDue);
  }

  movedByHand(): void {
    this.showing.movedByHand();
    this.pointing.stay();
  }

  acknowledge(key: string | null): void {
    if (key === null || !this.wall.cards.some((card) => card.key === key)) return;
    const acknowledged = new Set(this.wall.acknowledged);
    if (!acknowledged.delete(key)) acknowledged.add(key);
    this.wall.acknowledged = acknowledged;
  }

  pin(): void {
    this.cast.focusing.pin();
  }

  hangInset(container: HTMLElement): () => void {
    return this.cast.focusing.hang(container);
  }

  leaveFocus(): void {
    this.cast.focusing.close();
  }

  openFocus(): void {
    this.pointing.openCard(this.wall.focus?.card);
    this.cast.focusing.close();
  }

  mute(): void {
    this.setSound({ ...this.wall.sound, on: !this.wall.sound.on });
  }

  setSound(sound: SoundSettings): void {
    this.wall.sound = sound;
    this.cast.tones.want(sound.on);
    keepSound(sound);
  }

  /** Only from a click or a key: a browser lets no page sound otherwise. */
  hearTone(severity: 1 | 2): void {
    this.cast.tones.sample(severity, this.wall.sound.volume);
  }

  async fullscreen(): Promise<void> {
    try {
      if (document.fullscreenElement === null) await document.documentElement.requestFullscreen();
      else await document.exitFullscreen();
    } catch {
      // The browser's policy decides; the wall works without.
    }
  }

  back(): void {
    const { wall } = this;
    // One key, whatever else is open: what is shown must never be taken for the present.
    if (wall.replay !== null) this.replay?.leave();
    else if (wall.panel !== "none") wall.panel = "none";
    else if (wall.selected !== null) this.pointing.close();
    // What came by itself goes after what somebody opened: no alarm is dismissed by one who meant something else.
    else if (wall.focus !== null) this.leaveFocus();
    else {
      wall.currentCard = null;
      wall.reticle = false;
    }
  }
}

export const [directorHere, seatDirector] = createContext<{ readonly it: Director | null }>();
