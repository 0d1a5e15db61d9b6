/** What the stand-in says: a status, a body, headers; and an error in Zoom's shape. */

export type Answer = {
  readonly status: number;
  /** A text goes out as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

export type FieldError = { readonly field: string; readonly message: string };

/** An error as Zoom words it: its own code beside the HTTP status, and what is wrong with which field. */
export function problem(
  status: number,
  code: number,
  message: string,
  errors?: readonly FieldError[],
): Answer {
  return { status, body: { code, message, ...(errors ? { errors } : {}) } };
}

/** A body whose fields are not what they should be. */
export function invalid(errors: readonly FieldError[]): Answer {
  return problem(400, 300, 'Validation Failed.', errors);
}
