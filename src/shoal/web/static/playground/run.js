// A live run for the page: it posts commands, and receives frames as an event stream while the run plays.
import { SILENT, SPOKEN } from "../lib/ask.js";
import { tr } from "../lib/words.js";

/** @typedef {Record<string, any>} Frame */

/** @param {string} address @param {any} [body] @returns {Promise<any>} */
export async function post(address, body = {}) {
  let response;
  try {
    response = await fetch(address, { ...SPOKEN, method: "POST", body: body instanceof Blob ? body : JSON.stringify(body) });
  } catch {
    throw new Error(SILENT());
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  throw Object.assign(new Error(answer.error ?? tr`the server answered ${response.status}`), { status: response.status });
}

/** @param {string} address @returns {Promise<any>} */
export async function seen(address) {
  const response = await fetch(address, SPOKEN);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

/** One live run. `seen` is called with each frame, `ended` when it no longer plays. */
export class Run {
  /** @param {(frame: Frame) => void} seen @param {(wrong?: Error) => void} ended */
  constructor(seen, ended) {
    this.seen = seen;
    this.ended = ended;
    this.id = "";
    this.playing = false;
    /** @type {EventSource | null} */ this.stream = null;
    addEventListener("pagehide", () => this.id && navigator.sendBeacon(`api/runs/${this.id}/stop`, "{}"));
  }

  /** A new run in place of the previous one. @param {Record<string, string>} settings */
  async start(settings) {
    this.#close();
    const old = this.id;
    this.id = "";
    if (old) await post(`api/runs/${old}/stop`).catch(() => {});
    const answer = await post("api/runs", settings);
    this.id = answer.id;
    return answer;
  }

  /** @param {string} name @param {any} [given] */
  async command(name, given) {
    this.#close();
    return post(`api/runs/${this.id}/${name}`, given);
  }

  /** @param {number} [until] */
  async play(until = 0) {
    this.#close();
    await post(`api/runs/${this.id}/play`, { until });
    this.playing = true;
    const stream = new EventSource(`api/runs/${this.id}/events`);
    this.stream = stream;
    stream.onmessage = (e) => {
      const frame = JSON.parse(e.data);
      this.seen(frame);
      if (frame.playing || this.stream !== stream) return;
      this.#close();
      this.ended(frame.failed ? new Error(frame.failed) : undefined);
    };
    stream.onerror = () => {
      if (this.stream !== stream) return;
      this.#close();
      this.ended(new Error(tr("the stream of this run has ended; press play to continue")));
    };
  }

  #close() {
    this.stream?.close();
    this.stream = null;
    this.playing = false;
  }

  /** @returns {Promise<any>} */
  take() {
    return seen(`api/runs/${this.id}/take`);
  }

  /** Whether the number of this key has a card. @param {string} key */
  explains(key) {
    return Boolean(key);
  }

  /** The card of a number. @param {string} key @returns {Promise<any>} */
  how(key) {
    return seen(`api/runs/${this.id}/how?${new URLSearchParams({ key })}`);
  }
}
