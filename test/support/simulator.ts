/** Starts simulators for tests, and sends single requests to them as any client would. */
import { afterAll } from 'vitest';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.js';

export type TestSimulator = {
  readonly zoom: Simulator;
  /** Makes the command use this simulator, with its initial token. */
  readonly env: Readonly<Record<string, string>>;
};

const open: Simulator[] = [];
afterAll(async () => {
  await Promise.all(open.map((zoom) => zoom.close()));
});

/** A simulator without latency that is closed when the test file ends. */
export async function startTestSimulator(options: SimulatorOptions = {}): Promise<TestSimulator> {
  const zoom = await startSimulator({ latencyMs: 0, ...options });
  open.push(zoom);
  return { zoom, env: { ZOOM_BASE_URL: zoom.baseUrl, ZOOM_ACCESS_TOKEN: zoom.token } };
}

export type TestResponse = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Undefined if the text is not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: a test inspects whatever came
  readonly body: any;
};

export type TestRequest = {
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>> | FormData;
  readonly raw?: { readonly type: string; readonly body: string };
  /** Instead of the simulator's own; null for none. */
  readonly token?: string | null;
};

/** One request below the base URL; follows no redirect. Rejects if no response comes. */
export async function send(zoom: Simulator, request: string, given: TestRequest = {}): Promise<TestResponse> {
  const [method = 'GET', path = ''] = request.split(' ');
  const token = given.token === undefined ? zoom.token : given.token;
  const headers = new Headers(token === null ? {} : { authorization: `Bearer ${token}` });
  const body = createBody(given, headers);
  const init = { method, headers, redirect: 'manual' as const, ...(body === undefined ? {} : { body }) };
  const response = await fetch(zoom.baseUrl + path, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: parseJson(text) };
}

function createBody({ json, form, raw }: TestRequest, headers: Headers): string | FormData | undefined {
  if (raw) headers.set('content-type', raw.type);
  if (json !== undefined) headers.set('content-type', 'application/json');
  if (raw) return raw.body;
  if (json !== undefined) return JSON.stringify(json);
  if (form === undefined || form instanceof FormData) return form;
  const data = new FormData();
  for (const [field, value] of Object.entries(form)) data.append(field, value);
  return data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
