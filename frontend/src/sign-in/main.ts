// Signing in with a one-time link, `/sign-in#TOKEN`. The token is taken out of the address at once and posted, so that it reaches
// neither a log nor the history. Depends on nothing of the wall: this page is served before anybody is known.
import "./sign-in.css";

interface Advice {
  title: string;
  paragraphs: string[];
  command?: string;
}

const HOW: Pick<Advice, "command"> = { command: "atalaya link" };

function takeToken(): string | null {
  const token = window.location.hash.slice(1).trim();
  history.replaceState(null, "", window.location.pathname);
  return token === "" ? null : token;
}

function say({ title, paragraphs, command }: Advice, failed: boolean): void {
  const card = document.getElementById("card");
  if (card === null) return;
  const heading = document.createElement("h2");
  heading.textContent = title;
  const texts = paragraphs.map((words) => {
    const paragraph = document.createElement("p");
    paragraph.textContent = words;
    return paragraph;
  });
  card.classList.toggle("failed", failed);
  card.replaceChildren(heading, ...texts);
  if (command === undefined) return;
  const code = document.createElement("pre");
  code.tabIndex = 0;
  code.textContent = command;
  card.append(code);
}

async function refusal(answer: Response): Promise<string> {
  try {
    const problem = (await answer.json()) as { detail?: unknown; title?: unknown };
    if (typeof problem.detail === "string") return problem.detail;
    if (typeof problem.title === "string") return problem.title;
  } catch {
    // Not a problem document; the status has to do.
  }
  return `The server answered ${String(answer.status)}.`;
}

async function signIn(token: string): Promise<void> {
  const answer = await fetch("/sign-in", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/problem+json" },
    credentials: "same-origin",
    body: JSON.stringify({ token }),
  });
  if (answer.status === 204) {
    window.location.replace("/wall");
    return;
  }
  const why = await refusal(answer);
  say(
    {
      title: "This link did not work",
      paragraphs: [
        why,
        "A link works once and for 15 minutes. Print a new one on the machine that runs the server, then open it in this browser:",
      ],
      ...HOW,
    },
    true,
  );
}

function explain(): void {
  say(
    {
      title: "Sign in with a link",
      paragraphs: [
        "This page signs in whoever opens a one-time link. Print one on the machine that runs the server, then open it in this browser:",
      ],
      ...HOW,
    },
    false,
  );
}

async function start(): Promise<void> {
  const token = takeToken();
  if (token === null) {
    explain();
    return;
  }
  try {
    await signIn(token);
  } catch {
    const again = "Check that the server runs and that this machine reaches it, then open a new link:";
    say({ title: "The server did not answer", paragraphs: [again], ...HOW }, true);
  }
}

window.addEventListener("hashchange", () => void start());
void start();
