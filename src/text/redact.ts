/** Takes secrets out of text, also where they come back encoded. */

/** Shorter ones would be found everywhere, and the marks would give them away. */
const LENGTH_MIN = 4;

const MARK = '***';

/** The forms in which a text may come back: as it is, in a URL, a form, JSON or base64, with others around it. */
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

/** What of a secret's base64 does not depend on its neighbours, after so many bytes (modulo 3) before it. */
function base64Inside(secret: string, before: number): readonly string[] {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
  const whole = bytes.toString('base64').replace(/=+$/, '');
  // The last digit may hold bits of the byte after; the first ones those of the bytes before.
  const inside = whole.slice(Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6));
  return [inside, inside.replaceAll('+', '-').replaceAll('/', '_')];
}

/** Takes the secrets out of a text. */
export type Redact = (text: string) => string;

/** Makes a scrubber of whatever the secrets are at the time: a token changes within a run. */
export function createRedactor(secrets: () => readonly string[]): Redact {
  let known: readonly string[] = [];
  let forms: readonly string[] = [];
  return (text) => {
    const now = secrets();
    if (now.length !== known.length || now.some((secret, i) => secret !== known[i])) {
      known = [...now];
      // The longest of all first: a part of one secret may be another.
      forms = [...new Set(known.flatMap(encodedForms))].sort((a, b) => b.length - a.length);
    }
    let clean = text;
    for (const form of forms) if (clean.includes(form)) clean = clean.replaceAll(form, MARK);
    return clean;
  };
}

/** The same for every text inside a value. */
export function redactDeep(value: unknown, scrub: Redact): unknown {
  if (typeof value === 'string') return scrub(value);
  if (Array.isArray(value)) return value.map((one) => redactDeep(one, scrub));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [scrub(key), redactDeep(inner, scrub)]),
  );
}
