// Plays one HLS stream in a video element, through hls.js (fetched only now) or the browser itself, and reports when the picture
// stands still. Gives back a function that ends it.

export interface StreamListener {
  onTrouble(why: string): void;
  onStalled(seconds: number): void;
}

const LOOK_EVERY_MS = 1000;
const TYPE = "application/vnd.apple.mpegurl";

function watchProgress(video: HTMLVideoElement, onStalled: (seconds: number) => void): () => void {
  let seen = video.currentTime;
  let since = performance.now();
  const timer = setInterval(() => {
    if (video.currentTime !== seen) {
      seen = video.currentTime;
      since = performance.now();
    }
    onStalled(Math.floor((performance.now() - since) / 1000));
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}

export function playStream(video: HTMLVideoElement, url: string, listener: StreamListener): () => void {
  const life = { ended: false };
  let destroy: (() => void) | null = null;
  const stopWatching = watchProgress(video, (seconds) => listener.onStalled(seconds));
  void (async () => {
    const { default: Hls } = await import("hls.js/light");
    if (life.ended) return;
    if (!Hls.isSupported()) {
      if (video.canPlayType(TYPE) === "") listener.onTrouble("This browser cannot play the stream");
      else video.src = url;
      return;
    }
    const hls = new Hls({ liveSyncDurationCount: 2, maxBufferLength: 10, backBufferLength: 10 });
    destroy = () => hls.destroy();
    hls.on(Hls.Events.ERROR, (_event, { fatal, type }) => {
      if (!fatal) return;
      listener.onTrouble("The stream does not answer; trying again");
      if (type === Hls.ErrorTypes.MEDIA_ERROR) hls.recoverMediaError();
      else setTimeout(() => (life.ended ? undefined : hls.loadSource(url)), 5000);
    });
    hls.loadSource(url);
    hls.attachMedia(video);
  })().catch(() => listener.onTrouble("The player could not be loaded"));
  return () => {
    life.ended = true;
    stopWatching();
    destroy?.();
    video.removeAttribute("src");
  };
}
