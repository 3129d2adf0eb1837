// What a view is: it fills the main part of the page for one address, until the visitor leaves.

export interface Place {
  /** The varying parts of the address. */
  readonly args: readonly string[];
  readonly query: URLSearchParams;
  /** Aborts when the visitor goes on. */
  readonly signal: AbortSignal;
}

export type View = (root: HTMLElement, place: Place) => Promise<void>;

/** The address of a decision. */
export function decisionHref(modelId: string, subject: string): string {
  return `#/decision/${modelId}/${subject}`;
}

/** The address of a prediction that was promised. */
export function predictionHref(id: string): string {
  return `#/prediction/${id}`;
}

/** The title of the window. */
export function title(text: string): void {
  document.title = `${text} · Decision Oracle`;
}
