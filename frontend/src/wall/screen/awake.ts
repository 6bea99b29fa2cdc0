// A wall must not fall asleep. The lock goes whenever the page is hidden or the system wants it; it is asked for again as soon as that is
// allowed. Where the browser refuses, the system's own settings decide.

const ASK_AGAIN_MS = 60_000;

export function stayAwake(): void {
  if (!("wakeLock" in navigator)) return;
  let held: WakeLockSentinel | null = null;
  const hold = async (): Promise<void> => {
    if (held?.released === false || document.visibilityState !== "visible") return;
    try {
      held = await navigator.wakeLock.request("screen");
    } catch {
      held = null;
    }
  };
  void hold();
  document.addEventListener("visibilitychange", () => void hold());
  setInterval(() => void hold(), ASK_AGAIN_MS);
}
