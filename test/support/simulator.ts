/** The stand-in for Zoom and one call to it, as any client would make it. */
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.js';

const open: Simulator[] = [];

/** A stand-in without latency; `closeAll` ends it. */
export async function standIn(options: SimulatorOptions = {}): Promise<Simulator> {
  const zoom = await startSimulator({ latencyMs: 0, ...options });
  open.push(zoom);
  return zoom;
}

export async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map((zoom) => zoom.close()));
}

export type Said = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Undefined where the text is no JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  readonly body: any;
};

export type Asked = {
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>> | FormData;
  readonly raw?: { readonly type: string; readonly body: string };
  /** Instead of the stand-in's own; null for none. */
  readonly token?: string | null;
};

/** One request below the base URL, with no redirect followed. Rejects where no answer comes. */
export async function ask(zoom: Simulator, request: string, asked: Asked = {}): Promise<Said> {
  const [method = 'GET', path = ''] = request.split(' ');
  const token = asked.token === undefined ? zoom.token : asked.token;
  const headers = new Headers(token === null ? {} : { authorization: `Bearer ${token}` });
  const body = bodyOf(asked, headers);
  const init = { method, headers, redirect: 'manual' as const, ...(body === undefined ? {} : { body }) };
  const answer = await fetch(zoom.baseUrl + path, init);
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: parsed(text) };
}

function bodyOf({ json, form, raw }: Asked, headers: Headers): string | FormData | undefined {
  if (raw) headers.set('content-type', raw.type);
  if (json !== undefined) headers.set('content-type', 'application/json');
  if (raw) return raw.body;
  if (json !== undefined) return JSON.stringify(json);
  if (form === undefined || form instanceof FormData) return form;
  const data = new FormData();
  for (const [field, value] of Object.entries(form)) data.append(field, value);
  return data;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
