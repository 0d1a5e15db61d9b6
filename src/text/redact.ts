/** Removes secrets from text, in any encoding in which they may come back. */

/** Shorter ones would match everywhere, and the marks would reveal them. */
const LENGTH_MIN = 4;

const MARK = '***';

/** The encodings in which a secret may come back: plain, URL, form, JSON, hex, or base64 with other text around it. */
export function encodedForms(secret: string): readonly string[] {
  if (secret.length < LENGTH_MIN) return [];
  // Through bytes and back: half a surrogate pair would make encodeURIComponent throw.
  const url = encodeURIComponent(Buffer.from(secret).toString());
  const form = new URLSearchParams({ '': secret }).toString().slice(1);
  const json = JSON.stringify(secret).slice(1, -1);
  const lower = (text: string): string => text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  const plain = [secret, url, form, lower(url), lower(form), json, json.replaceAll('/', '\\/')];
  const coded = [0, 1, 2].flatMap((before) => base64Inside(secret, before));
  const all = [...plain, ...coded, Buffer.from(secret).toString('hex')];
  return [...new Set(all)].filter((form) => form.length >= LENGTH_MIN);
}

/** The part of a secret's base64 that does not depend on the text around it, `before` being that many bytes modulo 3. */
function base64Inside(secret: string, before: number): readonly string[] {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
  const whole = bytes.toString('base64').replace(/=+$/, '');
  // The last digit may hold bits of the byte after; the first ones those of the bytes before.
  const inside = whole.slice(Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6));
  return [inside, inside.replaceAll('+', '-').replaceAll('/', '_')];
}

/** The parts of a URL that may be secret, as it spells them and decoded: user name, password, and a password in the query. */
export function findUrlSecrets({ username, password, searchParams }: URL): readonly string[] {
  const all = [username, password, ...searchParams.getAll('password')];
  return [...new Set(all.flatMap((text) => [text, decodePercent(text)]))].filter((text) => text !== '');
}

/** Undecoded if it has a `%` that begins no code: a URL may contain one. */
function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Replaces the secrets in a text. */
export type Redact = (text: string) => string;

/** Creates a redactor of the secrets as they are at each call: a token changes during a run. */
export function createRedactor(secrets: () => readonly string[]): Redact {
  let known: readonly string[] = [];
  let forms: readonly string[] = [];
  return (text) => {
    const now = secrets();
    if (now.length !== known.length || now.some((secret, i) => secret !== known[i])) {
      known = [...now];
      // The longest first: one secret may be part of another.
      forms = [...new Set(known.flatMap(encodedForms))].sort((a, b) => b.length - a.length);
    }
    let clean = text;
    for (const form of forms) if (clean.includes(form)) clean = clean.replaceAll(form, MARK);
    return clean;
  };
}

/** The same for every text inside a value. */
export function redactDeep(value: unknown, redact: Redact): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((one) => redactDeep(one, redact));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [redact(key), redactDeep(inner, redact)]),
  );
}
