/** What is wrong with a batch, or with what a function was given. Nothing in this module throws anything else. */
export class BatchError extends Error {
  readonly name: "BatchError";
  readonly cause?: unknown;
}

/** The value of `batch.format`, of the formats that `split` reads. */
export type Format = "lines" | "json" | "length-prefixed";

/**
 * Returns the messages of a batch, in their order and byte for byte.
 *
 * @throws {BatchError} if the data is no batch of this format
 */
export function split(format: Format, data: string | Uint8Array): Uint8Array[];

/**
 * Returns the messages of a batch as strings.
 *
 * @throws {BatchError} if the data is no batch of this format, or a message is not UTF-8
 */
export function splitStrings(format: Format, data: string | Uint8Array): string[];

export interface Options {
  /** How many bytes the messages of a batch may have once inflated; by default and at most 1 MiB. */
  most?: number;
}

/** One message of a packed batch. What the route does not carry is undefined. */
export interface Message {
  /** The bytes of the message. They share the memory of the batch. */
  readonly payload: Uint8Array;

  /** The message as text. Throws a BatchError if it is not UTF-8. */
  text(): string;

  /** The message's sequence in its stream. */
  readonly sequence: number | undefined;

  /** Milliseconds since 1970: `new Date(message.time)`. */
  readonly time: number | undefined;

  /** The NATS subject. What is not UTF-8 is replaced by U+FFFD: subjectBytes has it as it was. */
  readonly subject: string | undefined;
  readonly subjectBytes: Uint8Array | undefined;

  /** Names and values, in their order; a name with several values is repeated. Made anew at each access. */
  readonly headers: [name: string, value: string][] | undefined;
  readonly headerBytes: [name: Uint8Array, value: Uint8Array][] | undefined;

  /** The first value of a header. Names are compared as they are, as NATS does. */
  header(name: string): string | undefined;
}

/** Where a batch stands in its stream. */
export interface Marker {
  /** The stream's incarnation: another one after the stream was deleted and made again. */
  readonly stream: number;
  /** The sequence of the first message. */
  readonly first: number;
  /** The sequence of the message before it of the same topic; 0: not known. */
  readonly previous: number;
}

export interface Publish {
  readonly marker: Marker | undefined;
  readonly messages: Message[];
}

/**
 * Takes a packed batch apart. The data is copied at once.
 *
 * Rejects with a BatchError if the data is no packed batch, or is longer than it may be.
 */
export function unpack(data: Uint8Array, options?: Options): Promise<Publish>;

/** Messages are missing, or may be. */
export interface Gap {
  /** The stream's incarnation; 0 where the publish does not say. */
  readonly stream: number;
  /** The last sequence delivered; 0: none yet. */
  readonly after: number;
  /** The sequence that comes next. */
  readonly before: number;
  /** Whether the bridge has published something in between. Otherwise Momento may have lost something. */
  readonly certain: boolean;
}

export interface Reading {
  /** The messages to be delivered. */
  readonly messages: Message[];
  /** How many messages were left out, as they have been delivered before. */
  readonly repeats: number;
  /** What is missing before these messages. */
  readonly gaps: Gap[];
  /** Where the reader stands after these messages: save it once they have been handled. */
  readonly position: string;
}

/** Reads the packed batches of one subscription: drops what it has delivered before, and tells of gaps. */
export class Reader {
  /** @param position the one that was saved: the reader goes on from there */
  constructor(position?: string | null, options?: Options);

  /**
   * Returns what of a publish has not been delivered yet. Reads are served in the order of their calls.
   *
   * Rejects with a BatchError if the publish is refused, which changes nothing.
   *
   * @param number the sequence number that Momento has given the publish
   */
  read(publish: Uint8Array, number?: number): Promise<Reading>;

  /** Says that messages may be missing before what is read from now on: call it from onDiscontinuity. */
  discontinuity(): void;

  /** Returns where the reader stands after the reads that have ended. */
  position(): string;
}
