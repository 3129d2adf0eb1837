import type { Place } from "../view.js";
export async function showAsk(_root: HTMLElement, _place: Place): Promise<void> {}
