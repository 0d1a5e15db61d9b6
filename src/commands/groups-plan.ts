/** What a run of `apply` would do, row by row. */
import type { Options } from '../cli/options/options.js';
import type { PlanView } from '../cli/plan.js';
import type { RowOutcome } from '../events/event.js';
import type { Step } from '../resources/resource.js';
import type { InputValidation } from '../runs/validate-input.js';
import { escapeInvisible, paint } from '../text/visible.js';

/** What a row of a plan is called, in text and in JSON. */
type Action = 'create' | 'update' | 'differs' | 'identical' | 'failed' | 'duplicate' | 'invalid';

type PlanRow = {
  readonly line: number;
  readonly name: string;
  readonly action: Action;
  readonly detail: string;
};

type ActionStyle = {
  readonly sign: string;
  readonly color?: number;
  /** After a count of one; after any other, if that differs. */
  readonly words: readonly [string, string?];
};

const ACTIONS: Readonly<Record<Action, ActionStyle>> = {
  create: { sign: '+', color: 32, words: ['to create'] },
  update: { sign: '~', color: 33, words: ['to update'] },
  differs: { sign: '≠', color: 36, words: ['differs', 'differ'] },
  identical: { sign: '=', words: ['identical'] },
  failed: { sign: '!', color: 31, words: ['cannot be done'] },
  duplicate: { sign: '=', words: ['duplicate', 'duplicates'] },
  invalid: { sign: '!', words: ['invalid'] },
};

export class GroupsPlan implements PlanView {
  readonly #all: boolean;
  readonly #counts: Record<Action, number>;
  readonly #rows: PlanRow[] = [];

  constructor({ duplicates: duplicate, invalid }: InputValidation, { all = false }: Options) {
    this.#all = all;
    this.#counts = { create: 0, update: 0, differs: 0, identical: 0, failed: 0, duplicate, invalid };
  }

  addKnown({ line, name, outcome: { status, detail } }: RowOutcome): void {
    if (status === 'failed') this.#add({ line, name, action: 'failed', detail });
    else {
      const action = detail.startsWith('differs') ? 'differs' : 'identical';
      this.#add({ line, name, action, detail: detail.replace(/^(?:differs: |identical(?:; )?)/, '') });
    }
  }

  addWrite({ operation, rows, change = '' }: Step): void {
    const action = operation === 'update' ? 'update' : 'create';
    for (const { line, name } of rows) this.#add({ line, name, action, detail: change });
  }

  #add(row: PlanRow): void {
    this.#counts[row.action] += 1;
    this.#rows.push(row);
  }

  count(): { readonly changes: number; readonly problems: number } {
    const { create, update, failed, invalid } = this.#counts;
    return { changes: create + update, problems: failed + invalid };
  }

  toJson(): Readonly<Record<string, unknown>> {
    return { counts: this.#counts, rows: this.#rows };
  }

  formatRows(color: boolean): readonly string[] {
    const shown = this.#all ? this.#rows : this.#rows.filter(({ action }) => action !== 'identical');
    return shown.map(({ action, name, detail, line }) => {
      const { sign, color: code } = ACTIONS[action];
      const note = detail === '' ? '' : `  (${escapeInvisible(detail)})`;
      const text = `${sign} ${action.padEnd(9)}  ${escapeInvisible(name)}${note}  [line ${line}]`;
      return paint(text, code, color);
    });
  }

  /** What does not occur is left out, except creates. */
  formatTotals(): string {
    const actions = (Object.keys(ACTIONS) as Action[]).filter(
      (action) => this.#counts[action] > 0 || action === 'create',
    );
    const totals = actions.map((action) => {
      const count = this.#counts[action];
      const [one, several = one] = ACTIONS[action].words;
      return `${count} ${count === 1 ? one : several}`;
    });
    const isHidden = this.#counts.identical > 0 && !this.#all;
    return `${totals.join(', ')}${isHidden ? ' (shown with --all)' : ''}`;
  }
}
