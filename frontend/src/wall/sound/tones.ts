// Two tones: a rising pair for severity 1, a single soft one for severity 2. Only one display of this browser sounds (it holds a
// lock), and a browser that blocks sound says so until somebody clicks.

const LOCK = "atalaya-sound";

export class Tones {
  #context: AudioContext | null = null;
  #elected = false;

  constructor(private readonly onBlocked: (blocked: boolean) => void) {
    if (!("locks" in navigator)) {
      this.#elected = true;
      return;
    }
    void navigator.locks.request(LOCK, () => {
      this.#elected = true;
      return new Promise<never>(() => undefined);
    });
  }

  /** To be called from a click or a key, which is what a browser wants before it lets a page sound. */
  unlock(): void {
    this.#context ??= new AudioContext();
    void this.#context.resume().then(() => this.onBlocked(false));
  }

  play(severity: 1 | 2): void {
    if (!this.#elected) return;
    this.#context ??= new AudioContext();
    if (this.#context.state !== "running") {
      this.onBlocked(true);
      return;
    }
    const notes = severity === 1 ? [660, 880, 660, 880] : [520];
    notes.forEach((hertz, i) => this.#note(hertz, i * 0.22));
  }

  #note(hertz: number, inSeconds: number): void {
    const context = this.#context;
    if (context === null) return;
    const start = context.currentTime + inSeconds;
    const gain = context.createGain();
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(0.18, start + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.001, start + 0.2);
    const oscillator = new OscillatorNode(context, { type: "triangle", frequency: hertz });
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(start);
    oscillator.stop(start + 0.22);
  }
}
