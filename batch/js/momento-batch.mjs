// Takes apart the batches that momento-bridge publishes. No dependencies; for browsers and Node. See docs/batch-formats.md.

/**
 * Returns the messages of a batch, in their order and byte for byte.
 *
 * @param {"lines"|"json"|"length-prefixed"} format batch.format of the route
 * @param {string|Uint8Array} data what the subscription gives: a string of topics with content_type text/plain, or bytes
 * @returns {Uint8Array[]}
 * @throws {Error} if the data is no batch of this format, or neither a string nor a Uint8Array
 */
export function split(format, data) {
  check(data);
  switch (format) {
    case "lines":
      return splitLines(bytesOf(data));
    case "json":
      return splitArray(textOf(data));
    case "length-prefixed":
      if (typeof data === "string") throw new Error("length-prefixed batches are bytes, not text");
      return splitPrefixed(data);
    default:
      throw new Error(`unknown batch format ${JSON.stringify(format)}: it is lines, json or length-prefixed`);
  }
}

/**
 * Returns the messages of a batch as strings.
 *
 * @param {"lines"|"json"|"length-prefixed"} format
 * @param {string|Uint8Array} data
 * @returns {string[]}
 * @throws {Error} if the data is no batch of this format, or a message is not UTF-8
 */
export function splitStrings(format, data) {
  return split(format, data).map(textOf);
}

const encoder = new TextEncoder();

// Asks for the tag, as bytes of another realm (a frame, a test runner's sandbox) are no instance of this one's Uint8Array.
function check(data) {
  if (typeof data === "string") {
    if (/[\ud800-\udfff]/u.test(data)) throw new Error("the batch is not well-formed text: it contains half of a character");
  } else if (!ArrayBuffer.isView(data) || Object.prototype.toString.call(data) !== "[object Uint8Array]") {
    throw new Error("a batch is a string or a Uint8Array");
  }
}

function bytesOf(data) {
  return typeof data === "string" ? encoder.encode(data) : data;
}

function textOf(data) {
  if (typeof data === "string") return data;
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
}

function splitLines(bytes) {
  const messages = [];
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(10, start);
    if (end < 0) throw new Error("the last line of the batch does not end with a line feed: it has been cut off");
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
      if (at >= bytes.length) throw new Error("the batch ends within a message: it has been cut off");
      const byte = bytes[at++];
      length += (byte & 127) * factor; // Exact up to 2^53, and beyond that longer than any batch.
      factor *= 128;
      if (byte < 128) {
        if (n > 1 && byte === 0) throw new Error("a length in the batch is not a varint of the shortest form");
        break;
      }
      if (n === 10) throw new Error("a length in the batch is not a varint of the shortest form");
    }
    if (length > bytes.length - at) throw new Error("the batch ends within a message: it has been cut off");
    messages.push(bytes.subarray(at, at + length));
    at += length;
  }
  return messages;
}

// JSON.parse says whether it is an array; the elements are cut out of the text, as parsing would change numbers and drop repeated keys.
function splitArray(text) {
  let array;
  try {
    array = JSON.parse(text);
  } catch (error) {
    throw new Error(`the batch is not a JSON array: ${error.message}`);
  }
  if (!Array.isArray(array)) throw new Error("the batch is not a JSON array");
  return elements(text).map((element, i) => {
    if (element[0] !== '"') return encoder.encode(element);
    try {
      return decodeBase64(array[i]);
    } catch {
      throw new Error(`element ${i} of the batch is not base64`);
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
        if (depth > deepest) throw new Error(`the batch is nested more than ${deepest} levels deep`);
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
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) throw new Error("not base64");
  const binary = atob(text);
  if (btoa(binary) !== text) throw new Error("not the usual base64"); // Bits left over.
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}
