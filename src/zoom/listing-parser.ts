/** The objects of a listing's `groups` array, one by one as the bytes come: a million need not fit in memory. */

/** What follows the groups, or stands before them: the rest of the listing's object. */
export type Rest = Readonly<Record<string, unknown>>;

/**
 * Yields the parsed elements of the top-level `groups` array, in batches, and returns the other members.
 * @throws SyntaxError where the bytes are no such JSON, or end before it does
 */
export async function* groupsIn(body: AsyncIterable<Uint8Array>): AsyncGenerator<readonly unknown[], Rest> {
  const scan = new Scan();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const bytes of body) {
    const batch = scan.take(decoder.decode(bytes, { stream: true }));
    if (batch.length > 0) yield batch;
  }
  const last = scan.take(decoder.decode());
  if (last.length > 0) yield last;
  return scan.end();
}

/** In characters; a group of Zoom's has some 300. */
const ELEMENT_LENGTH_MAX = 1024 * 1024;

/**
 * Cuts the text where elements of `groups` begin and end, and leaves all else to JSON.parse: the elements one by
 * one, and at the end the whole with the array emptied.
 */
class Scan {
  /** Text that is not cut off yet; from `#at` on it has not been looked at. */
  #text = '';
  #at = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Depth of the array's elements, once the array has begun. */
  #inside = false;
  /** A comma promises an element. */
  #afterComma = false;
  /** Everything but the elements. */
  #shell = '';

  take(piece: string): unknown[] {
    this.#text += piece;
    const found: unknown[] = [];
    let from = 0;
    for (; this.#at < this.#text.length; this.#at += 1) {
      const character = this.#text.charCodeAt(this.#at);
      if (this.#inString) {
        this.#withinString(character);
        continue;
      }
      if (character === QUOTE) this.#inString = true;
      else if (character === OPEN_BRACE || character === OPEN_BRACKET) {
        this.#depth += 1;
        if (character === OPEN_BRACKET && this.#depth === 2 && this.#startsGroups(from)) {
          this.#shell += this.#text.slice(from, this.#at + 1);
          from = this.#at + 1;
          this.#inside = true;
        }
      } else if (character === CLOSE_BRACE || character === CLOSE_BRACKET) {
        this.#depth -= 1;
        if (this.#inside && character === CLOSE_BRACKET && this.#depth === 1) {
          pushElement(found, this.#text.slice(from, this.#at), this.#afterComma);
          from = this.#at;
          this.#inside = false;
        }
      } else if (character === COMMA && this.#inside && this.#depth === 2) {
        pushElement(found, this.#text.slice(from, this.#at), true);
        this.#afterComma = true;
        from = this.#at + 1;
      }
    }
    if (!this.#inside) {
      this.#keepShell(from);
    } else {
      this.#text = this.#text.slice(from);
      this.#at = this.#text.length;
      if (this.#text.length > ELEMENT_LENGTH_MAX) throw new SyntaxError('an element of groups has no end');
    }
    return found;
  }

  /** Keeps a tail in sight: the key `"groups":` may be split between two pieces. */
  #keepShell(from: number): void {
    const keepFrom = Math.max(from, this.#text.length - KEY_LENGTH);
    this.#shell += this.#text.slice(from, keepFrom);
    this.#text = this.#text.slice(keepFrom);
    this.#at = this.#text.length;
    if (this.#shell.length > ELEMENT_LENGTH_MAX) throw new SyntaxError('a listing without groups');
  }

  #withinString(character: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (character === BACKSLASH) this.#escaped = true;
    else if (character === QUOTE) this.#inString = false;
  }

  #startsGroups(from: number): boolean {
    return /(?:^|[{,])\s*"groups"\s*:\s*$/.test(
      (this.#shell + this.#text.slice(from, this.#at)).slice(-KEY_LENGTH),
    );
  }

  /** The members besides the elements. */
  end(): Rest {
    if (this.#inside) throw new SyntaxError('the groups have no end');
    const rest: unknown = JSON.parse(this.#shell + this.#text);
    if (typeof rest !== 'object' || rest === null || !('groups' in rest) || !Array.isArray(rest.groups)) {
      throw new SyntaxError('a listing without groups');
    }
    return rest as unknown as Rest;
  }
}

/** Room for the key, its colon and a good deal of white space. */
const KEY_LENGTH = 1024;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

function pushElement(found: unknown[], text: string, promised: boolean): void {
  if (text.trim() === '') {
    // `[]` holds nothing; beside a comma, nothing is a mistake.
    if (promised) throw new SyntaxError('an empty element in groups');
    return;
  }
  found.push(JSON.parse(text));
}
