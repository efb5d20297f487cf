// Takes apart the batches that momento-bridge publishes. No dependencies: this file is all that a browser loads.
// Chrome 103, Firefox 113, Safari 16.4, Node 18 and later; all but deflated batches are read in older browsers, too.
// See docs/batch-formats.md.

/** What is wrong with a batch, or with what a function was given. Nothing in this module throws anything else. */
export class BatchError extends Error {
  constructor(message, cause) {
    super(message);
    this.name = "BatchError";
    if (cause !== undefined) this.cause = cause;
  }
}

function refuse(why) {
  throw new BatchError(why);
}

// The platform, too, has errors: memory that is used up, a buffer that was handed to a worker.
function told(error) {
  if (error instanceof BatchError) return error;
  return new BatchError(`the batch cannot be read${error instanceof Error ? `: ${error.message}` : ""}`, error);
}

/**
 * Returns the messages of a batch, in their order and byte for byte.
 *
 * @param {"lines"|"json"|"length-prefixed"} format batch.format of the route
 * @param {string|Uint8Array} data what the subscription gives: a string where content_type is text/plain, or bytes
 * @returns {Uint8Array[]}
 * @throws {BatchError} if the data is no batch of this format, or neither a string nor a Uint8Array
 */
export function split(format, data) {
  try {
    return splitAs(format, data);
  } catch (error) {
    throw told(error);
  }
}

function splitAs(format, data) {
  check(data);
  switch (format) {
    case "lines":
      return splitLines(bytesOf(data));
    case "json":
      return splitArray(textOf(data));
    case "length-prefixed":
      if (typeof data === "string") refuse("length-prefixed batches are bytes, not text");
      return splitPrefixed(data);
    case "packed":
      return refuse("packed batches are read by unpack, or by a Reader");
    default:
      return refuse(`unknown batch format ${nameOf(format)}: it is lines, json or length-prefixed`);
  }
}

const nameOf = (format) => (typeof format === "string" ? JSON.stringify(format) : `of type ${typeof format}`);

/**
 * Returns the messages of a batch as strings.
 *
 * @param {"lines"|"json"|"length-prefixed"} format
 * @param {string|Uint8Array} data
 * @returns {string[]}
 * @throws {BatchError} if the data is no batch of this format, or a message is not UTF-8
 */
export function splitStrings(format, data) {
  const messages = split(format, data);
  try {
    return messages.map(textOf);
  } catch (error) {
    throw told(error);
  }
}

const encoder = new TextEncoder();

// Of bytes of another realm, too (a frame, a test runner's sandbox): they are no instance of this one's Uint8Array.
const kindOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;

const isBytes = (data) => kindOf.call(data) === "Uint8Array";

function check(data) {
  if (typeof data === "string") {
    if (/[\ud800-\udfff]/u.test(data)) refuse("the batch is not well-formed text: it has half of a character");
  } else if (!isBytes(data)) {
    refuse("a batch is a string or a Uint8Array");
  }
}

function bytesOf(data) {
  return typeof data === "string" ? encoder.encode(data) : data;
}

function textOf(data) {
  if (typeof data === "string") return data;
  return strictly(data, "the batch, or a message of it, is not valid UTF-8");
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function strictly(bytes, otherwise) {
  try {
    return strict.decode(bytes);
  } catch (error) {
    throw new BatchError(otherwise, error);
  }
}

function splitLines(bytes) {
  const messages = [];
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(10, start);
    if (end < 0) refuse("the last line of the batch does not end with a line feed: it has been cut off");
    messages.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return messages;
}

function splitPrefixed(bytes) {
  const messages = [];
  let at = 0;
  while (at < bytes.length) {
    let length = 0;
    let factor = 1;
    for (let n = 1; ; n++) {
      if (at >= bytes.length) refuse("the batch ends within a message: it has been cut off");
      const byte = bytes[at++];
      length += (byte & 127) * factor; // Exact up to 2^53, and beyond that longer than any batch.
      factor *= 128;
      if (byte < 128) {
        if (n > 1 && byte === 0) refuse("a length in the batch is not a varint of the shortest form");
        break;
      }
      if (n === 10) refuse("a length in the batch is not a varint of the shortest form");
    }
    if (length > bytes.length - at) refuse("the batch ends within a message: it has been cut off");
    messages.push(bytes.subarray(at, at + length));
    at += length;
  }
  return messages;
}

// JSON.parse says whether it is an array; the elements are cut out of the text, as parsing would change numbers and
// drop repeated keys.
function splitArray(text) {
  let array;
  try {
    array = JSON.parse(text);
  } catch (error) {
    throw new BatchError(`the batch is not a JSON array: ${error.message}`, error);
  }
  if (!Array.isArray(array)) refuse("the batch is not a JSON array");
  return elements(text).map((element, i) => {
    if (element[0] !== '"') return encoder.encode(element);
    try {
      return decodeBase64(array[i]);
    } catch {
      refuse(`element ${i} of the batch is not base64`);
    }
  });
}

// How many levels a batch may have, itself included, as in the decoder for Go. Some engines parse any depth.
const deepest = 10000;

// Cuts a valid JSON array into the texts of its elements.
function elements(text) {
  const found = [];
  let depth = 0;
  let start = 0;
  const cut = (end) => {
    const element = text.slice(start, end).trim(); // Around a valid element there is no other white space than JSON's.
    if (element !== "") found.push(element);
    start = end + 1;
  };
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case '"':
        for (i++; text[i] !== '"'; i++) if (text[i] === "\\") i++;
        break;
      case "[":
      case "{":
        if (++depth === 1) start = i + 1;
        if (depth > deepest) refuse(`the batch is nested more than ${deepest} levels deep`);
        break;
      case "]":
      case "}":
        if (--depth === 0) cut(i);
        break;
      case ",":
        if (depth === 1) cut(i);
    }
  }
  return found;
}

function decodeBase64(text) {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) refuse("not base64");
  const binary = atob(text);
  if (btoa(binary) !== text) refuse("not the usual base64"); // Bits left over.
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}

// The packed format.

// The most bytes that a body may have once it is inflated.
const MOST = 1 << 20;
const SAFE = Number.MAX_SAFE_INTEGER;
const LATEST = 2 ** 52; // The furthest from 1970, in milliseconds.

const LONGEST_HEAD = 23;

// Of messages, and of headers, so that there is no more of either than memory for the smallest ones.
const MANY = 1 << 16;

const FLAGS = { deflated: 1, marked: 2, subject: 4, time: 8, headers: 16 };
const KNOWN = 31;

// One message of a packed batch. It shares the memory of the others.
class Message {
  #body;
  #at; // Of the subject or the headers.
  #flags;
  #payload;
  #end;

  constructor(body, flags, sequence, time, at, payload, end) {
    this.#body = body;
    this.#flags = flags;
    this.#at = at;
    this.#payload = payload;
    this.#end = end;
    this.sequence = sequence;
    this.time = time;
  }

  get payload() {
    return this.#body.subarray(this.#payload, this.#end);
  }

  text() {
    return strictly(this.payload, "the message is not valid UTF-8");
  }

  get subjectBytes() {
    return this.#flags & FLAGS.subject ? new Cursor(this.#body, this.#at).bytes() : undefined;
  }

  get subject() {
    const bytes = this.subjectBytes;
    return bytes && lenient.decode(bytes);
  }

  get headerBytes() {
    if (!(this.#flags & FLAGS.headers)) return undefined;
    const cursor = new Cursor(this.#body, this.#at);
    if (this.#flags & FLAGS.subject) cursor.skip();
    const headers = [];
    for (let n = cursor.number(); n > 0; n--) headers.push([cursor.bytes(), cursor.bytes()]);
    return headers;
  }

  get headers() {
    const headers = this.headerBytes;
    return headers && headers.map(([name, value]) => [lenient.decode(name), lenient.decode(value)]);
  }

  header(name) {
    const found = (this.headers || []).find(([given]) => given === name);
    return found && found[1];
  }
}

const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

// Reads numbers and bytes, one after the other.
class Cursor {
  constructor(bytes, at) {
    this.all = bytes;
    this.at = at;
  }

  number() {
    let value = 0;
    let factor = 1;
    for (let n = 1; n <= 8; n++) {
      if (this.at >= this.all.length) refuse("the batch ends within a message: it has been cut off");
      const byte = this.all[this.at++];
      value += (byte & 127) * factor; // Exact below 2^53, and never below that again once beyond.
      factor *= 128;
      if (byte > 127) continue;
      if (n > 1 && byte === 0) refuse("a number in the batch is not of the shortest form");
      if (value <= SAFE) return value;
    }
    return refuse("a number in the batch is 2^53 or more");
  }

  // Zigzag.
  signed() {
    const value = this.number();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  skip() {
    const length = this.number();
    if (length > this.all.length - this.at) refuse("the batch ends within a message: it has been cut off");
    this.at += length;
    return length;
  }

  bytes() {
    const length = this.skip();
    return this.all.subarray(this.at - length, this.at);
  }
}

// Takes what is before the body.
function headOf(bytes) {
  if (bytes.length < 3 || bytes[0] !== 0xf5) refuse("this is no packed batch");
  const flags = bytes[2];
  if (bytes[1] !== 1 || flags > KNOWN) refuse("a newer version of the bridge made the batch: update the decoder");
  if (!(flags & FLAGS.marked)) return { flags, marker: undefined, at: 3 };
  if (bytes.length < 7) refuse("the batch ends within its marker: it has been cut off");
  const stream = new DataView(bytes.buffer, bytes.byteOffset).getUint32(3);
  const cursor = new Cursor(bytes, 7);
  const first = cursor.number();
  const back = cursor.number();
  if (first < 1) refuse("the batch begins with sequence 0: sequences begin with 1");
  if (back >= first) refuse("the marker of the batch refers to a message before the first");
  return { flags, marker: { stream, first, previous: back && first - back }, at: cursor.at };
}

// Takes all messages of a body, or none.
function messagesOf(body, flags, marker) {
  if (body.length === 0) refuse("the batch has no message");
  const cursor = new Cursor(body, 0);
  const messages = [];
  let sequence = marker && marker.first;
  let time = flags & FLAGS.time ? 0 : undefined;
  let headers = 0;
  do {
    if (messages.length === MANY) refuse(`the batch has more than ${MANY} messages`);
    if (marker && messages.length > 0) sequence = later(sequence, cursor.number());
    if (flags & FLAGS.time) time = shifted(time, cursor.signed());
    const at = cursor.at;
    if (flags & FLAGS.subject) cursor.skip();
    if (flags & FLAGS.headers) headers += skipHeaders(cursor);
    if (headers > MANY) refuse(`the batch has more than ${MANY} headers`);
    const length = cursor.skip();
    messages.push(new Message(body, flags, sequence, time, at, cursor.at - length, cursor.at));
  } while (cursor.at < body.length);
  return messages;
}

function skipHeaders(cursor) {
  const count = cursor.number();
  if (count > MANY) refuse(`the batch has more than ${MANY} headers`);
  for (let n = 2 * count; n > 0; n--) cursor.skip();
  return count;
}

function later(sequence, step) {
  if (step < 1) refuse("two messages of the batch have the same sequence");
  if (sequence + step > SAFE) refuse("a sequence in the batch is 2^53 or more");
  return sequence + step;
}

function shifted(time, by) {
  if (Math.abs(time + by) > LATEST) refuse("a time in the batch is further than 2^52 ms from 1970");
  return time + by;
}

/**
 * Returns the messages of a packed batch, and where it stands in its stream, if it says so.
 *
 * @param {Uint8Array} data what the subscription gives; it is copied at once
 * @param {{most?: number}} [options] most: bytes that the messages may have once inflated; at most and by default 1 MiB
 */
export async function unpack(data, options) {
  try {
    const most = mostOf(options);
    return await unpacked(owned(data, most), most);
  } catch (error) {
    throw told(error);
  }
}

async function unpacked(bytes, most) {
  const { flags, marker, at } = headOf(bytes);
  let body = bytes.subarray(at);
  if (flags & FLAGS.deflated) body = await inflate(body, most);
  if (body.length > most) refuse(tooLong(most));
  return { marker, messages: messagesOf(body, flags, marker) };
}

// The copy is nobody else's, whatever becomes of the original while the batch is read. Buffer's slice would not copy.
function owned(data, most) {
  if (typeof data === "string") refuse("packed batches are bytes: set content_type to application/octet-stream");
  if (!isBytes(data)) refuse("a packed batch is a Uint8Array");
  if (data.length > LONGEST_HEAD + most && !(data[2] & FLAGS.deflated)) refuse(tooLong(most));
  return new Uint8Array(data);
}

function mostOf(options) {
  const most = options === undefined || options === null ? MOST : options.most || MOST;
  if (!(most >= 1)) refuse("most is a number of bytes, 1 or more");
  return Math.min(most, MOST);
}

const tooLong = (most) => `the messages of the batch have more than ${most} bytes`;

// Deflate makes at most 1032 bytes of one. So whatever a platform makes of a piece before it can be stopped is bounded.
const PIECE = 1024;

async function inflate(bytes, most) {
  const zlib = await zlibOfNode();
  if (zlib) return inflatedByNode(zlib, bytes, most);
  const body = await inflated(bytes, most);
  if (!(await refusesJunk()) && (await completes(bytes.subarray(0, -1), most))) refuse(notDeflate);
  return body;
}

// Node's own is twenty times as fast as its DecompressionStream, which knows no deflate-raw before Node 20.12.
const inNode = typeof process === "object" && process !== null && Boolean(process.versions && process.versions.node);
let zlib;

function zlibOfNode() {
  const name = "node:zlib"; // Bundlers for browsers are to leave it alone.
  if (inNode && !zlib) zlib = import(/* webpackIgnore: true */ /* @vite-ignore */ name).catch(() => undefined);
  return zlib;
}

function inflatedByNode(zlib, bytes, most) {
  let all;
  try {
    all = zlib.inflateRawSync(bytes, { maxOutputLength: most, info: true });
  } catch (error) {
    throw new BatchError(error.code === "ERR_BUFFER_TOO_LARGE" ? tooLong(most) : notDeflate, error);
  }
  if (all.engine.bytesWritten !== bytes.length) refuse(notDeflate);
  return new Uint8Array(all.buffer);
}

const notDeflate = "the body of the batch is not one complete deflate stream";

async function inflated(bytes, most) {
  const stream = inflater();
  const writer = stream.writable.getWriter();
  const reader = stream.readable.getReader();
  feed(writer, bytes);
  const pieces = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return joined(pieces, length);
      length += value.length;
      if (length > most) refuse(tooLong(most));
      pieces.push(value);
    }
  } catch (error) {
    throw error instanceof BatchError ? error : new BatchError(notDeflate, error);
  } finally {
    quietly(reader.cancel());
    quietly(writer.abort());
  }
}

function inflater() {
  try {
    return new DecompressionStream("deflate-raw");
  } catch (error) {
    throw new BatchError("deflated batches are read in Chrome 103, Firefox 113, Safari 16.4, Node 18 and later", error);
  }
}

// Writes until the stream has enough: what is wrong is told to the reader.
async function feed(writer, bytes) {
  try {
    for (let at = 0; at < bytes.length; at += PIECE) {
      await writer.ready;
      quietly(writer.write(bytes.subarray(at, at + PIECE)));
    }
    await writer.close();
  } catch {} // eslint-disable-line no-empty
}

function quietly(promise) {
  promise.catch(() => {});
}

function joined(pieces, length) {
  if (pieces.length === 1) return pieces[0];
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

async function completes(bytes, most) {
  try {
    await inflated(bytes, most);
    return true;
  } catch {
    return false;
  }
}

// Browsers refuse what follows the end of a deflate stream, Node 20 does not: there a stream that has been taken must
// be refused without its last byte.
let junkIsRefused;

function refusesJunk() {
  if (junkIsRefused === undefined) junkIsRefused = completes(new Uint8Array([3, 0, 0]), 1).then((taken) => !taken);
  return junkIsRefused;
}

// How many streams a reader remembers.
const STREAMS = 16;

/**
 * Reads the packed batches of one subscription: drops the messages that it has delivered before, and tells of gaps.
 * Reads are served in the order of their calls.
 */
export class Reader {
  #most;
  #streams; // Stream to the last sequence delivered; the one longest unused first.
  #number = 0; // Momento's, of the last publish; 0: not known.
  #broken = false; // Something may be missing before the next publish.
  #turn = Promise.resolve();

  /**
   * @param {string} [position] what position() of an earlier reader has returned
   * @param {{most?: number}} [options] as for unpack
   */
  constructor(position, options) {
    try {
      this.#most = mostOf(options);
      this.#streams = streamsOf(position);
    } catch (error) {
      throw told(error);
    }
  }

  /**
   * Returns what of a publish has not been delivered yet. A publish that is refused changes nothing.
   *
   * @param {Uint8Array} publish
   * @param {number} [number] the sequence number that Momento has given the publish
   */
  async read(publish, number) {
    const before = this.#turn;
    let done;
    this.#turn = new Promise((resolve) => {
      done = resolve;
    });
    const copy = copied(publish, this.#most);
    quietly(copy); // Its turn may come later than its error.
    await before;
    try {
      return this.#take(await unpacked(await copy, this.#most), numberOf(number));
    } catch (error) {
      throw told(error);
    } finally {
      done();
    }
  }

  #take({ marker, messages }, number) {
    const jumped = this.#broken || (this.#number > 0 && number > this.#number + 1);
    this.#broken = false;
    this.#number = number;
    if (!marker) return this.#reading(messages, 0, jumped ? [gap(0, 0, 0, false)] : []);
    const last = this.#streams.get(marker.stream) || 0;
    const fresh = messages.filter((message) => message.sequence > last);
    const newest = fresh.length > 0 ? fresh[fresh.length - 1].sequence : last;
    remember(this.#streams, marker.stream, newest);
    return this.#reading(fresh, messages.length - fresh.length, gapsBefore(marker, last, jumped));
  }

  // Other reads may have changed the position by the time that the messages have been handled.
  #reading(messages, repeats, gaps) {
    return { messages, repeats, gaps, position: this.position() };
  }

  /** Says that messages may be missing before what is read from now on: for Momento's discontinuities. */
  discontinuity() {
    this.#turn = this.#turn.then(() => {
      this.#broken = true;
    });
  }

  /** Returns where the reader stands after the reads that have ended, to be given to a new one. */
  position() {
    const streams = [...this.#streams].map(([stream, last]) => `"${hex(stream)}":${last}`).sort();
    return `{"version":1,"streams":{${streams.join()}}}`;
  }

}

async function copied(data, most) {
  return owned(data, most);
}

const gap = (stream, after, before, certain) => ({ stream, after, before, certain });

// The chain of a topic's messages proves that none is missing, or that one is; a jump of Momento's numbers alone proves
// nothing, as what was lost may have been a repeat.
function gapsBefore({ stream, first, previous }, last, jumped) {
  const known = previous > 0 && last > 0;
  if (known && previous > last) return [gap(stream, last, first, true)];
  return jumped && !known ? [gap(stream, last, first, false)] : [];
}

function remember(streams, stream, last) {
  streams.delete(stream);
  streams.set(stream, last);
  for (const longestUnused of streams.keys()) {
    if (streams.size <= STREAMS) return;
    streams.delete(longestUnused);
  }
}

function numberOf(number) {
  if (number === undefined || number === null) return 0;
  if (!Number.isSafeInteger(number) || number < 0) refuse("the number of a publish is an integer, or not given");
  return number;
}

const hex = (stream) => stream.toString(16).padStart(8, "0");

// The streams of a position count as unused, the lowest as the one longest unused.
function streamsOf(position) {
  const streams = new Map();
  if (position === undefined || position === null || position === "") return streams;
  let parsed;
  try {
    parsed = JSON.parse(position);
  } catch (error) {
    throw new BatchError("the position is none that a reader has returned: begin without one", error);
  }
  if (!parsed || parsed.version !== 1 || !isObject(parsed.streams)) refuse(notPosition);
  const given = Object.entries(parsed.streams).sort();
  if (given.length > STREAMS) refuse(notPosition);
  for (const [stream, last] of given) {
    if (!/^[0-9a-f]{8}$/.test(stream) || !Number.isSafeInteger(last) || last < 1) refuse(notPosition);
    streams.set(parseInt(stream, 16), last);
  }
  return streams;
}

const notPosition = "the position is none that a reader of this version has returned: begin without one";

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
