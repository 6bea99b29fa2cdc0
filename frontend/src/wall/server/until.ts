// Asking until there is an answer: a server that is not there yet, or goes away, is asked again. A viewer who is not signed in is sent
// to do so.
import { Refused } from "./ask";

const ASK_AGAIN_MS = 2000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** `onTrouble` is told why there is no answer yet, and `null` once there is one. */
export async function until<T>(
  asking: () => Promise<T>,
  onTrouble: (why: string | null) => void,
): Promise<T> {
  for (;;) {
    try {
      const answer = await asking();
      onTrouble(null);
      return answer;
    } catch (error) {
      if (error instanceof Refused && error.status === 401) window.location.replace("/sign-in");
      onTrouble(error instanceof Refused ? error.message : "The server does not answer yet.");
      await sleep(ASK_AGAIN_MS);
    }
  }
}
