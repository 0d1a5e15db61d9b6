/** People of a list, found by id or by e-mail address. */
import { emailKey } from './members-api.js';

type Ids = { readonly id?: string | undefined; readonly email?: string | undefined };

export class PeopleIndex<P extends Ids> {
  readonly #people: P[] = [];
  readonly #byId = new Map<string, P>();
  readonly #byEmail = new Map<string, P>();

  get size(): number {
    return this.#people.length;
  }

  /** Whether the person is new; one that comes on two pages, or twice with one address, counts once. */
  add(person: P): boolean {
    if (this.find(person)) return false;
    this.#people.push(person);
    if (person.id !== undefined) this.#byId.set(person.id, person);
    if (person.email !== undefined) this.#byEmail.set(emailKey(person.email), person);
    return true;
  }

  find({ id, email }: Ids): P | undefined {
    const found = id === undefined ? undefined : this.#byId.get(id);
    return found ?? (email === undefined ? undefined : this.#byEmail.get(emailKey(email)));
  }

  [Symbol.iterator](): Iterator<P> {
    return this.#people.values();
  }
}
