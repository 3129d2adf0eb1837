// What the node tells while the page is open: decisions as they arrive, and whether it can work.

import { get, type Line, type Readiness } from "./api.js";

export type Pulse = "connecting" | "live" | "unwell" | "away";

interface Events {
  decision: Line;
  reset: undefined;
  pulse: Pulse;
}

const CHECK_EVERY = 15_000;

/** One connection for the whole page; the browser itself resumes it where it broke. */
class Live {
  readonly #target = new EventTarget();
  #connected = false;
  #timer = 0;
  pulse: Pulse = "connecting";
  readiness: Readiness | null = null;

  /** Listen until the signal aborts. */
  on<Name extends keyof Events>(
    name: Name,
    listener: (value: Events[Name]) => void,
    signal?: AbortSignal,
  ): void {
    const options = signal ? { signal } : {};
    this.#target.addEventListener(
      name,
      (event) => listener((event as CustomEvent<Events[Name]>).detail),
      options,
    );
  }

  start(): void {
    this.#connect();
    void this.#check();
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) void this.#check();
    });
  }

  #connect(): void {
    const source = new EventSource("/api/stream");
    source.addEventListener("open", () => {
      this.#connected = true;
      void this.#check();
    });
    source.addEventListener("decision", (event) => {
      this.#emit("decision", JSON.parse((event as MessageEvent<string>).data) as Line);
    });
    source.addEventListener("reset", () => this.#emit("reset", undefined));
    source.addEventListener("error", () => {
      this.#connected = false;
      this.#say("away");
      // A browser gives up where the answer was no stream, such as a proxy's error.
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(() => {
        this.#connect();
        this.#emit("reset", undefined);
      }, 3000);
    });
  }

  async #check(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#check(), CHECK_EVERY);
    if (document.hidden && this.readiness) return;
    try {
      this.readiness = await get<Readiness>("/readyz", {}, undefined, [503]);
      if (this.#connected) this.#say(this.readiness.ready ? "live" : "unwell");
    } catch {
      this.#say("away");
    }
    if (this.pulse !== "live") {
      clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => void this.#check(), CHECK_EVERY / 5);
    }
  }

  #say(pulse: Pulse): void {
    this.pulse = pulse;
    this.#emit("pulse", pulse);
  }

  #emit<Name extends keyof Events>(name: Name, detail: Events[Name]): void {
    this.#target.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

export const live = new Live();
