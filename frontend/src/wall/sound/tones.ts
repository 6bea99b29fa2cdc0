// Two tones: a rising pair, twice, for severity 1 and a single soft one for severity 2. Of the displays in one browser only the elected
// one sounds; `data-sounds` and `data-tone` of the page say so. A browser that blocks sound says so at once, until somebody clicks or presses a key.
import { BEAT_MS, Election } from "./election";

const CHANNEL = "atalaya-sound";
/** The amplitude at full volume. */
const LOUDEST = 0.35;
const NOTE_S = 0.22;
const MELODIES = { 1: [660, 880, 660, 880], 2: [520] } as const;

export class Tones {
  #context: AudioContext | null = null;
  #wanted = false;
  #elected = false;

  /** `onBlocked` is told whether sound is wanted but the browser keeps it back; a display that shows the past stands back. */
  constructor(
    private readonly onBlocked: (blocked: boolean) => void,
    private readonly showsPresent: () => boolean,
  ) {
    const channel = new BroadcastChannel(CHANNEL);
    const election = new Election(Math.random().toString(36).slice(2), (name) => channel.postMessage(name));
    channel.onmessage = ({ data }) => {
      if (typeof data === "string") election.hear(data, performance.now());
    };
    setInterval(() => {
      this.#elected = election.beat(this.#stands, performance.now());
      document.documentElement.dataset["sounds"] = this.#elected ? "here" : "elsewhere";
    }, BEAT_MS);
    for (const gesture of ["pointerdown", "keydown"]) {
      window.addEventListener(gesture, () => this.#resume(), { capture: true, passive: true });
    }
  }

  /** Whether this display is to sound at all. */
  want(wanted: boolean): void {
    this.#wanted = wanted;
    if (wanted && this.#context === null) {
      this.#context = new AudioContext();
      this.#context.onstatechange = () => this.#report();
    }
    this.#resume();
    this.#report();
  }

  /** Volume from 0 to 1. */
  play(severity: 1 | 2, volume: number): void {
    if (this.#elected) this.sample(severity, volume);
  }

  /** The tone on this display, elected or not: to hear how loud it is. */
  sample(severity: 1 | 2, volume: number): void {
    const context = this.#context;
    if (context?.state !== "running" || volume <= 0) return;
    document.documentElement.dataset["tone"] = String(severity);
    MELODIES[severity].forEach((hertz, i) => note(context, hertz, i * NOTE_S, volume * LOUDEST));
  }

  get #stands(): boolean {
    const canSound = this.#context?.state === "running" && document.visibilityState === "visible";
    return this.#wanted && canSound && this.showsPresent();
  }

  #resume(): void {
    if (this.#wanted && this.#context?.state === "suspended") void this.#context.resume();
  }

  #report(): void {
    this.onBlocked(this.#wanted && this.#context?.state !== "running");
  }
}

function note(context: AudioContext, hertz: number, inSeconds: number, loud: number): void {
  const start = context.currentTime + inSeconds;
  const gain = context.createGain();
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(loud, start + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.001, start + NOTE_S - 0.02);
  const oscillator = new OscillatorNode(context, { type: "triangle", frequency: hertz });
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(start);
  oscillator.stop(start + NOTE_S);
}
