// What the node tells while the page is open: decisions as they arrive, and whether it can work.

import { listen } from "../../client/src/api/stream.ts";
import { get, http, type Line, type Network, NodeError, type Readiness } from "./api.js";
import { pause } from "./time.js";

/** `silent`: the node answers, but sends no news. */
export type Pulse = "connecting" | "live" | "unwell" | "silent" | "away";

interface Events {
  decision: Line;
  reset: undefined;
  pulse: Pulse;
}

const CHECK_EVERY = 6000;
const RETRY = 2;
const PATIENCE = 1500;

/** One connection for the whole page; it goes on where it broke. */
class Live {
  readonly #target = new EventTarget();
  #connected = false;
  #broken = false;
  #timer = 0;
  #first: Promise<void> | null = null;
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
    void this.#listen();
    this.#first = this.#check();
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) void this.#check();
    });
  }

  /** Look at once, since something did not work. */
  look(): void {
    void this.#check();
  }

  /** The chain that the node works on; null where it does not say so soon. */
  async network(): Promise<Network | null> {
    if (!this.readiness) await Promise.race([this.#first, pause(PATIENCE)]);
    return this.readiness?.network ?? null;
  }

  async #listen(): Promise<never> {
    const options = {
      longestPause: RETRY,
      onConnection: (stands: boolean) => {
        this.#connected = stands;
        this.#broken = !stands;
        if (stands) void this.#check();
        else this.#say("away");
      },
    };
    for (;;) {
      try {
        for await (const event of listen(http, undefined, options)) {
          if (event.kind === "decision") this.#emit("decision", event.decision);
          else this.#emit("reset", undefined);
        }
      } catch (error) {
        // The very first connection was refused, so there is no place to go on from.
        this.#broken = true;
        const isHere = error instanceof NodeError && error.status > 0;
        this.#say(isHere ? "silent" : "away");
        await pause(RETRY * 1000);
        this.#emit("reset", undefined);
      }
    }
  }

  async #check(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#check(), CHECK_EVERY);
    if (document.hidden && this.readiness) return;
    try {
      this.readiness = await get<Readiness>("/readyz", {}, undefined, [503]);
      if (this.#connected) this.#say(this.readiness.ready ? "live" : "unwell");
      else if (this.#broken) this.#say("silent");
    } catch {
      this.#say("away");
    }
    if (this.pulse !== "live") {
      clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => void this.#check(), CHECK_EVERY / 2);
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
