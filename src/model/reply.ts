/** How one request was answered. The response classifier turns every exchange into exactly one of these. */
import type { Stop } from './stop.js';

/** The parts of a response that the journal and the results keep. */
export type ResponseMetadata = {
  /** Absent if nothing answered. */
  readonly httpStatus?: number;
  /** Zoom's own code from the body. */
  readonly code?: number;
  /** One line for the user; empty for a plain success. */
  readonly message: string;
  /** `x-zm-trackingid`, which Zoom's support asks for. */
  readonly trackingId?: string;
};

export type Reply = ResponseMetadata &
  (
    | {
        readonly type: 'success';
        /** The body's fields; empty if the body was cut short, empty or not a JSON object. */
        readonly body: Readonly<Record<string, unknown>>;
        /** Whether the body arrived complete and was a JSON object (or the call documents no body). */
        readonly complete: boolean;
        /** The last path segment of `Content-Location`: older docs put a new group's id there. */
        readonly locationId?: string;
      }
    /** 409 that means "this name is in use": code 4132, words that say so, or neither code nor body. */
    | { readonly type: 'conflict' }
    /** The group (or user) does not exist: 404 with 4130, or a contact group's 400/300 "does not exist". */
    | { readonly type: 'not-found' }
    /**
     * Refused for what this request says; sending it again cannot help. `bodyFormat`: the refusal may be about the
     * request body's format (415, or a 400 that names no field). `expiredPageToken`: a list has to begin again.
     */
    | { readonly type: 'rejected'; readonly bodyFormat?: true; readonly expiredPageToken?: true }
    /** Refused for a reason that every row shares: the run stops. */
    | { readonly type: 'fatal'; readonly stop: Stop }
    /** The access token was not accepted, and a new one can be requested. */
    | { readonly type: 'unauthorized' }
    /** 429 of the per-second limit. `waitMs` is what the response asked for. */
    | { readonly type: 'rate-limited'; readonly waitMs?: number }
    /** 429 of the daily limit. `resetsAt` is in ms since 1970. */
    | { readonly type: 'quota-exceeded'; readonly resetsAt: number }
    /**
     * A failure between us and Zoom, or an answer that says neither yes nor no. `ambiguous`: the request may have
     * taken effect. `maxAttempts`: how many attempts such a failure deserves in all; 1 means never again.
     */
    | {
        readonly type: 'transient';
        readonly ambiguous: boolean;
        readonly maxAttempts: number;
        readonly waitMs?: number;
      }
  );

export type ReplyType = Reply['type'];

/** Replies that a resource has to judge: after the others, a step is sent again or the run stops. */
export type JudgedReply = Exclude<Reply, { readonly type: 'unauthorized' | 'quota-exceeded' }>;

/** The metadata that results show; absent fields stay absent. */
export function pickMetadata(
  from: Partial<ResponseMetadata> | undefined,
): Pick<ResponseMetadata, 'httpStatus' | 'code' | 'trackingId'> {
  return {
    ...(from?.httpStatus === undefined ? {} : { httpStatus: from.httpStatus }),
    ...(from?.code === undefined ? {} : { code: from.code }),
    ...(from?.trackingId === undefined ? {} : { trackingId: from.trackingId }),
  };
}
