// Numbers, money, spans and moments, in the reader's own notation.

import { fromUnits } from "../../client/src/model/decimals.ts";
import { h } from "./dom.js";

const GWEI = 10n ** 9n;
const whole = new Intl.NumberFormat();
const shares = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
const digits = new Intl.NumberFormat(undefined, {
  maximumSignificantDigits: 3,
  maximumFractionDigits: 20,
});

/** `56,483`. */
export function count(number: number): string {
  return whole.format(number);
}

/** A decimal text with all its decimals, such as `70,000.50`; a text that is no number as it is. */
export function decimal(text: string): string {
  if (!/^-?\d+(\.\d+)?$/.test(text)) return text;
  const places = text.split(".")[1]?.length ?? 0;
  const format = { minimumFractionDigits: places, maximumFractionDigits: places };
  return new Intl.NumberFormat(undefined, format).format(text as `${number}`);
}

/** `91.3 %` of a share between 0 and 1. */
export function percent(share: string | number): string {
  return shares.format(Number(share));
}

/**
 * An amount in the chain's currency, in three digits; a small one in gwei, too: `0.0000446 ETH
 * (44,600 gwei)`.
 */
export function money(wei: bigint | string, currency = "ETH"): string {
  const amount = BigInt(wei);
  if (amount === 0n) return "nothing";
  if (amount < GWEI) return "less than 1 gwei";
  const said = `${digits.format(fromUnits(amount, 18) as `${number}`)} ${currency}`;
  if (amount >= 10n ** 15n) return said;
  return `${said} (${digits.format(fromUnits(amount, 9) as `${number}`)} gwei)`;
}

/** A fee, which contracts keep in whole gwei. */
export function fee(gwei: number | null | undefined, currency?: string): string {
  return money(BigInt(gwei ?? 0) * GWEI, currency);
}

/** `0.4 s`, `3 min`. */
export function lasted(seconds: number): string {
  if (seconds < 0.001) return "at once";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 100) return `${decimal(seconds.toFixed(1))} s`;
  return seconds < 7200
    ? `${count(Math.round(seconds / 60))} min`
    : `${count(Math.round(seconds / 3600))} h`;
}

/** A moment, told as how long ago it was or how soon it will be; kept right by `refresh`. */
export function ago(at: number | null): HTMLElement | null {
  if (at === null) return null;
  const moment = new Date(at * 1000);
  const time = h("time", { datetime: moment.toISOString(), title: moment.toLocaleString() });
  time.textContent = distance(moment);
  return time;
}

/** Bring every told age up to date. */
export function refresh(root: ParentNode): void {
  for (const time of root.querySelectorAll("time[datetime]")) {
    if (!time.classList.contains("whole"))
      time.textContent = distance(new Date(time.getAttribute("datetime") ?? 0));
  }
}

/** A moment with date and time. */
export function when(at: number): HTMLElement {
  return moment(at, { dateStyle: "long", timeStyle: "medium" });
}

/** A moment of today as its time, any other with its date. */
export function clock(at: number): HTMLElement {
  const isToday = new Date(at * 1000).toDateString() === new Date().toDateString();
  return moment(
    at,
    isToday ? { timeStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" },
  );
}

function moment(at: number, format: Intl.DateTimeFormatOptions): HTMLElement {
  const date = new Date(at * 1000);
  const text = date.toLocaleString(undefined, format);
  return h("time", { class: "whole", datetime: date.toISOString(), title: date.toString() }, text);
}

function distance(moment: Date): string {
  const seconds = (Date.now() - moment.getTime()) / 1000;
  if (seconds < -1) return `in ${span(-seconds)}`;
  if (seconds < 3) return "just now";
  if (seconds < 86400) return `${span(seconds)} ago`;
  return moment.toLocaleDateString(undefined, { dateStyle: "medium" });
}

function span(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`;
}
