// Answers what batch's Go tests ask on standard input: a length of four bytes and as many bytes, of which the first
// says what: U unpack (most, publish), N a new reader (position), P read (number, publish), D a discontinuity, M how
// much memory it took. Small letters want the whole result, capital ones its hash. With --streams it inflates as
// browsers do.
import { createHash } from "node:crypto";
import process from "node:process";

if (process.argv.includes("--streams")) globalThis.process = undefined; // It does not know then that it is in Node.
const { BatchError, Reader, unpack } = await import("./momento-batch.mjs");
globalThis.process = process;

const space = Buffer.alloc(16 << 20); // For the largest result.
let end = 0;

function put32(n) {
  end = space.writeUInt32BE(n, end);
}

function put64(n) {
  put32(Math.floor(n / 2 ** 32) >>> 0);
  put32(n >>> 0);
}

function putBytes(bytes) {
  put32(bytes.length);
  space.set(bytes, end);
  end += bytes.length;
}

function putMessages(messages) {
  put32(messages.length);
  for (const message of messages) {
    put64(message.sequence || 0);
    put64(message.time || 0);
    putBytes(message.subjectBytes || []);
    const headers = message.headerBytes || [];
    put32(headers.length);
    for (const field of headers) field.forEach(putBytes);
    putBytes(message.payload);
  }
}

function putPublish({ marker, messages }) {
  const { stream, first, previous } = marker || { stream: 0, first: 0, previous: 0 };
  put32(marker ? 1 : 0);
  put32(stream);
  put64(first);
  put64(previous);
  putMessages(messages);
}

function putReading({ messages, repeats, gaps }, position) {
  putMessages(messages);
  put32(repeats);
  put32(gaps.length);
  for (const gap of gaps) {
    put32(gap.stream);
    put64(gap.after);
    put64(gap.before);
    put32(gap.certain ? 1 : 0);
  }
  putBytes(Buffer.from(position));
}

function result(what) {
  const bytes = space.subarray(0, end);
  const whole = what === what.toLowerCase();
  return Buffer.concat([Buffer.from("="), whole ? bytes : createHash("sha256").update(bytes).digest()]);
}

let reader = new Reader();

async function answer(what, given) {
  end = 0;
  switch (what.toUpperCase()) {
    case "U":
      putPublish(await unpack(given.subarray(4), { most: given.readUInt32BE() }));
      break;
    case "N":
      reader = new Reader(given.toString());
      break;
    case "P":
      putReading(await reader.read(given.subarray(8), Number(given.readBigUInt64BE())), reader.position());
      break;
    case "D":
      reader.discontinuity();
      break;
    case "M":
      return Buffer.from(`=${process.resourceUsage().maxRSS}`);
    default:
      return Buffer.from(`?unknown question ${what}`);
  }
  return result(what);
}

async function reply(question) {
  const what = String.fromCharCode(question[0]);
  try {
    return await answer(what, question.subarray(1));
  } catch (error) {
    return Buffer.from(`${error instanceof BatchError ? "!" : "?"}${error.stack}`);
  }
}

// Takes so many bytes of standard input, or nothing at its end.
const input = process.stdin[Symbol.asyncIterator]();
let rest = Buffer.alloc(0);

async function take(n) {
  const parts = [rest];
  let length = rest.length;
  while (length < n) {
    const { done, value } = await input.next();
    if (done) return undefined;
    parts.push(value);
    length += value.length;
  }
  const all = parts.length === 1 ? rest : Buffer.concat(parts);
  rest = all.subarray(n);
  return all.subarray(0, n);
}

for (let head = await take(4); head; head = await take(4)) {
  const said = await reply(await take(head.readUInt32BE()));
  head.writeUInt32BE(said.length);
  process.stdout.write(Buffer.concat([head, said]));
}
