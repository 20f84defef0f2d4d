"""The parts of a TypeScript client that are the same for every API.

Only what is erased to run: no parameter properties, no enums, no namespaces; so node can run the file as it is.
"""

from __future__ import annotations

from typing import Final

__all__ = ["CLIENT", "ERRORS_AND_OPTIONS", "HELPERS"]

ERRORS_AND_OPTIONS: Final = """\
/**
 * The server refused a request, or its answer is not what the API describes.
 *
 * `detail` is the body of the response: what its JSON holds, or its text where it has none.
 */
export class ApiError extends Error {
  readonly status: number;
  readonly detail: unknown;

  constructor(status: number, detail: unknown) {
    super(`HTTP ${status}: ${typeof detail === "string" ? detail : JSON.stringify(detail)}`);
    this.name = "ApiError";
    this.status = status;
    this.detail = detail;
  }
}

export interface ClientOptions {
  /** Where the API is, with the prefix that all paths have. */
  baseUrl: string;
  /** Header fields of every request, credentials for example. */
  headers?: Record<string, string> | undefined;
  /** What sends requests, by default the global `fetch`. */
  fetch?: typeof fetch | undefined;
}

type Pair = [string, string];

interface Sent {
  query?: Pair[];
  headers?: Pair[];
  cookies?: string[];
  body?: string | Blob | URLSearchParams | FormData | undefined;
  mediaType?: string | undefined;
  accept?: string;
}
"""

_ENCODING: Final = """\
type Encoding = "repeat" | "comma" | "space" | "pipe" | "deep" | "json";

/** Return a parameter as pairs of texts; `null` and `undefined` are none. */
function asPairs(name: string, value: unknown, encoding: Encoding): Pair[] {
  if (value === undefined || value === null) return [];
  if (encoding === "json") return [[name, JSON.stringify(value)]];
  const separator = encoding === "space" ? " " : encoding === "pipe" ? "|" : ",";
  const isOneText = encoding !== "repeat" && encoding !== "deep";
  if (Array.isArray(value)) {
    const items = value.map(asText);
    if (isOneText) return items.length > 0 ? [[name, items.join(separator)]] : [];
    return items.map((item): Pair => [name, item]);
  }
  if (typeof value === "object") {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined && member !== null)
      .flatMap(([key, member]) =>
        Array.isArray(member) && encoding === "repeat"
          ? member.map((item): Pair => [key, asText(item)])
          : [[key, asText(member)] as Pair],
      );
    if (isOneText) return [[name, members.flat().join(separator)]];
    return encoding === "deep" ? members.map(([key, member]): Pair => [`${name}[${key}]`, member]) : members;
  }
  return [[name, asText(value)]];
}
"""

_AS_TEXT: Final = """\
/** Write a value as URLs, header fields and forms have it. */
function asText(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
"""

_AS_SEGMENT: Final = """\
/** Return a value as a part of a path, which it cannot leave. */
function asSegment(value: unknown): string {
  const text = asPairs("", value, "comma").map((pair) => pair[1]).join("");
  if (text === "" || text === "." || text === "..") {
    throw new TypeError(`a value in a path cannot be ${JSON.stringify(text)}`);
  }
  return encodeURIComponent(text);
}
"""

_AS_COOKIE: Final = """\
/** Return a cookie as requests have it (RFC 6265 section 4.1.1). */
function asCookie(name: string, value: unknown): string[] {
  return asPairs(name, value, "comma").map(([key, text]) => {
    if (/[\\u0000-\\u0020";\\\\\\u007f]/.test(text)) {
      throw new TypeError(`cookie ${key}: spaces, quotes, semicolons and backslashes must be encoded`);
    }
    return `${key}=${text}`;
  });
}
"""

_AS_FORM: Final = """\
function asForm(value: object): URLSearchParams {
  return new URLSearchParams(asPairs("", value, "repeat"));
}
"""

_AS_MULTIPART: Final = """\
function asMultipart(value: object): FormData {
  const form = new FormData();
  for (const [name, member] of Object.entries(value)) {
    for (const item of Array.isArray(member) ? member : [member]) {
      if (item instanceof Blob) form.append(name, item);
      else if (item !== undefined && item !== null) form.append(name, asText(item));
    }
  }
  return form;
}
"""

_FROM_JSON: Final = """\
/** Return what the JSON of a text holds; `undefined` where it is none. */
function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
"""

_AS_RESULT: Final = """\
async function asResult(response: Response): Promise<unknown> {
  const text = await response.text();
  const value = text === "" ? null : fromJson(text);
  if (value === undefined) throw new ApiError(response.status, "the response is not JSON, as was described");
  return value;
}
"""

HELPERS: Final = {
    "asCookie": _AS_COOKIE,
    "asSegment": _AS_SEGMENT,
    "asForm": _AS_FORM,
    "asMultipart": _AS_MULTIPART,
    "asPairs": _ENCODING,
    "asText": _AS_TEXT,
    "asResult": _AS_RESULT,
    "fromJson": _FROM_JSON,
}
"""By name; each only needs those that come after it."""

CLIENT: Final = """\
  readonly baseUrl: string;
  readonly headers: Record<string, string>;
  private readonly fetchImpl: typeof fetch;

  constructor(options: ClientOptions) {
    this.baseUrl = options.baseUrl.replace(/\\/+$/, "");
    this.headers = { ...options.headers };
    // Browsers refuse a `fetch` that is called as a method of something else.
    this.fetchImpl = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  }

  private async send(method: string, path: string, sent: Sent): Promise<Response> {
    const fields = new Headers(this.headers);
    if (!fields.has("accept")) fields.set("accept", sent.accept ?? "*/*");
    if (sent.mediaType !== undefined && sent.body !== undefined) fields.set("content-type", sent.mediaType);
    for (const [name, value] of sent.headers ?? []) fields.set(name, value);
    const cookies = [fields.get("cookie"), ...(sent.cookies ?? [])].filter((cookie) => cookie !== null);
    if (cookies.length > 0) fields.set("cookie", cookies.join("; "));
    const query = new URLSearchParams(sent.query ?? []).toString();
    const init: RequestInit = { method, headers: fields };
    if (sent.body !== undefined) init.body = sent.body;
    const fetchImpl = this.fetchImpl;
    const response = await fetchImpl(`${this.baseUrl}${path}${query && `?${query}`}`, init);
    if (response.status >= 400) {
      const text = await response.text();
      const value = fromJson(text);
      throw new ApiError(response.status, value === undefined ? text : value);
    }
    return response;
  }
"""
