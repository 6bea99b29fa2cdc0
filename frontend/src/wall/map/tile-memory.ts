// Tiles that were fetched stay at hand, so that a map whose link is lost keeps what it showed: where the network or the server fails, the
// last answer is given again, with its ETag, and nothing is drawn anew. A refusal is no failure: what may no longer be seen is
// forgotten. Bounded by bytes, the oldest answer goes first; held in memory alone, and gone with the page.

/** The body of an answer, and what names its version. */
export interface Kept {
  body: ArrayBuffer;
  etag: string | null;
}

/** An answer without a body takes room too. */
const ENTRY_BYTES = 256;

export class TileMemory {
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  constructor(private readonly most_bytes: number) {}

  keep(url: string, kept: Kept): void {
    this.forget(url);
    this.#kept.set(url, kept);
    this.#bytes += kept.body.byteLength + ENTRY_BYTES;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.most_bytes) return;
      this.forget(oldest);
    }
  }

  recall(url: string): Kept | null {
    return this.#kept.get(url) ?? null;
  }

  forget(url: string): void {
    const kept = this.#kept.get(url);
    if (kept === undefined) return;
    this.#kept.delete(url);
    this.#bytes -= kept.body.byteLength + ENTRY_BYTES;
  }
}

/** The map's other workers, which have memories of their own. */
export interface Others {
  /** This worker has a newer answer, or heard a refusal: what others keep is out of date. */
  outdated(url: string): void;
  recall(url: string): Promise<Kept | null>;
}

/** Ends the address of a tile that is asked for while the link is lost: a network that has gone silent fails only after minutes. */
export const HELD = "#held";

/** Tiles as they are now. Those of a replay are many, and there is none without the server. */
const isTile = (url: string): boolean => {
  const { pathname, search } = new URL(url);
  return search === "" && pathname.startsWith("/tiles/");
};

/** The server, or what stands before it, could not answer just now. */
const isFailure = ({ status }: Response): boolean => status === 429 || status >= 500;

const answerOf = ({ body, etag }: Kept): Response =>
  new Response(body, etag === null ? {} : { headers: { ETag: etag } });

/** A `fetch` that remembers tiles. */
export function remembering(network: typeof fetch, memory: TileMemory, others: Others): typeof fetch {
  const recall = async (url: string): Promise<Response | null> => {
    const kept = memory.recall(url) ?? (await others.recall(url));
    return kept === null ? null : answerOf(kept);
  };

  const ask = async (request: Request, url: string): Promise<Response> => {
    const answer = await network(request);
    if (isFailure(answer)) return (await recall(url)) ?? answer;
    if (!answer.ok) {
      memory.forget(url);
      others.outdated(url);
      return answer;
    }
    const kept = { body: await answer.arrayBuffer(), etag: answer.headers.get("ETag") };
    memory.keep(url, kept);
    others.outdated(url);
    return answerOf(kept);
  };

  return async (input, init) => {
    const request = new Request(input, init);
    if (!isTile(request.url)) return network(input, init);
    const url = request.url.replace(HELD, "");
    const held = url === request.url ? null : await recall(url);
    if (held !== null) return held;
    try {
      return await ask(request, url);
    } catch (error) {
      const recalled = request.signal.aborted ? null : await recall(url);
      if (recalled === null) throw error;
      return recalled;
    }
  };
}
