// node --test batch/js/packed.test.mjs
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { deflateRawSync } from "node:zlib";
import * as usual from "./momento-batch.mjs";
import * as vectors from "./vectors.mjs";

// What does not know that it is in Node inflates as browsers do.
globalThis.process = undefined;
const asInBrowsers = await import("./momento-batch.mjs?as-in-browsers");
globalThis.process = process;

const read = (file) => JSON.parse(readFileSync(new URL(`../testdata/${file}`, import.meta.url)));
const [packed, cases] = [read("packed.json"), read("reader.json")];
const plain = (...body) => new Uint8Array([0xf5, 1, 0, ...body]);
const deflated = (body) => new Uint8Array([0xf5, 1, 1, ...deflateRawSync(body)]);
const bomb = deflated(Buffer.alloc(48 << 20));

const decoders = { usual };
try {
  new DecompressionStream("deflate-raw");
  decoders["as in browsers"] = asInBrowsers;
} catch {} // Node 18 has none.

for (const [name, decoder] of Object.entries(decoders)) {
  const { BatchError, unpack } = decoder;

  test(`${name}: the vectors pass`, async () => {
    assert.deepEqual(await vectors.packed(decoder, packed), []);
    assert.deepEqual(await vectors.reader(decoder, cases), []);
  });

  test(`${name}: a body may be given less room`, async () => {
    const body = Buffer.from([1, 65, 1, 66]);
    for (const publish of [plain(...body), deflated(body)]) {
      assert.equal((await unpack(publish, { most: 4 })).messages.length, 2);
      assert.equal((await unpack(publish, { most: 2 ** 40 })).messages.length, 2);
      await assert.rejects(unpack(publish, { most: 3 }), BatchError);
    }
  });

  test(`${name}: a bomb is refused before it takes memory`, async () => {
    const before = process.memoryUsage().rss;
    for (let n = 0; n < 3; n++) await assert.rejects(unpack(bomb), /more than 1048576 bytes/);
    const taken = (process.memoryUsage().rss - before) >> 20;
    assert.ok(taken < 120, `${taken} MiB`);
  });
}

const { BatchError, Reader, unpack } = usual;

test("whatever is no batch is a BatchError", async () => {
  const detached = plain(1, 65);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  const hostile = new Proxy({}, { get: () => assert.fail("asked"), getPrototypeOf: () => assert.fail("asked") });
  const strange = [
    "", "õ\u0001\0\u0001A", null, undefined, 1, 1n, true, Symbol("batch"), {}, [], [0xf5, 1, 0, 1, 65], hostile,
    () => plain(1, 65),
    new ArrayBuffer(5), new DataView(plain(1, 65).buffer), new Uint16Array(5), new Uint8ClampedArray(plain(1, 65)),
    detached, new Uint8Array(0), new Uint8Array(1 << 28), Promise.resolve(plain(1, 65)),
    Object.defineProperty(new DataView(new ArrayBuffer(5)), Symbol.toStringTag, { value: "Uint8Array" }),
  ];
  const reader = new Reader();
  for (const data of strange) {
    await assert.rejects(unpack(data), BatchError);
    await assert.rejects(reader.read(data), BatchError);
    for (const format of ["lines", "json", "length-prefixed"]) {
      if (!["string", "object"].includes(typeof data)) assert.throws(() => usual.split(format, data), BatchError);
    }
  }
  for (const format of ["xml", "packed", null, 1n, Symbol("format"), Object.create(null)]) {
    assert.throws(() => usual.split(format, ""), BatchError);
  }
});

test("wrong arguments are a BatchError", async () => {
  const asked = { get most() { throw new TypeError("asked"); } };
  for (const options of [{ most: -1 }, { most: "many" }, { most: Symbol("most") }, { most: 1n << 70n }, asked]) {
    await unpack(plain(1, 65), options).catch((error) => assert.ok(error instanceof BatchError, error));
  }
  for (const number of [-1, 1.5, "1", 2 ** 53, 1n, {}]) {
    await assert.rejects(new Reader().read(plain(1, 65), number), BatchError);
  }
});

test("a position that no reader has returned is a BatchError", () => {
  const streams = (n) => Array.from({ length: n }, (_, i) => `"${String(i).padStart(8, "0")}":1`).join();
  const strange = [
    1, {}, [], Symbol("position"), "{", "null", "1", "[]", "{}", '{"version":2,"streams":{}}', '{"version":1}',
    '{"version":1,"streams":[]}', '{"version":1,"streams":null}', '{"version":1,"streams":{"7":1}}',
    '{"version":1,"streams":{"0000000A":1}}', '{"version":1,"streams":{"00000001":0}}',
    '{"version":1,"streams":{"00000001":1.5}}',
    '{"version":1,"streams":{"00000001":9007199254740992}}', '{"version":1,"streams":{"00000001":"1"}}',
    `{"version":1,"streams":{${streams(17)}}}`, "[".repeat(100000),
  ];
  for (const position of strange) assert.throws(() => new Reader(position), BatchError, String(position));
  for (const position of [undefined, null, "", `{"version":1,"streams":{${streams(16)}}}`]) new Reader(position);
});

test("the batch is copied at once, whatever becomes of it", async () => {
  const shared = plain(1, 65);
  const [first, second] = [unpack(shared), new Reader().read(shared)];
  shared.fill(0);
  assert.equal((await first).messages[0].text(), "A");
  assert.equal((await second).messages[0].text(), "A");
  const buffer = Buffer.from(plain(1, 65));
  const third = unpack(buffer);
  buffer.fill(0);
  assert.equal((await third).messages[0].text(), "A");
});

test("bytes of another realm, of a subarray and of shared memory are bytes", async () => {
  const within = new Uint8Array([9, 9, ...plain(1, 65), 9]).subarray(2, 7);
  const common = new Uint8Array(new SharedArrayBuffer(5));
  common.set(plain(1, 65));
  for (const data of [runInNewContext("new Uint8Array([0xf5, 1, 0, 1, 65])"), within, common]) {
    assert.equal((await unpack(data)).messages[0].text(), "A");
  }
});

test("subjects, headers and payloads are read as text, and kept as they were", async () => {
  const text = (s) => [Buffer.byteLength(s), ...Buffer.from(s)];
  const fields = ["K", "é", "K", "", "B"].flatMap(text);
  const body = [...text("a.b"), 3, ...fields, 1, 255, 1, 255];
  const { marker, messages: [message] } = await unpack(new Uint8Array([0xf5, 1, 4 + 16, ...body]));
  assert.equal(marker, undefined);
  assert.equal(message.subject, "a.b");
  assert.deepEqual(message.headers, [["K", "é"], ["K", ""], ["B", "\ufffd"]]);
  assert.deepEqual([...message.headerBytes[2][1]], [255]);
  assert.equal(message.header("K"), "é");
  assert.equal(message.header("k"), undefined);
  assert.throws(() => message.text(), BatchError);
  assert.deepEqual([...message.payload], [255]);
});

test("what is not carried is undefined", async () => {
  const { messages: [message] } = await unpack(plain(0));
  const { sequence, time, subject, subjectBytes, headers, headerBytes } = message;
  for (const value of [sequence, time, subject, subjectBytes, headers, headerBytes, message.header("K")]) {
    assert.equal(value, undefined);
  }
  assert.equal(message.text(), "");
});

test("reads are served in the order of their calls, damaged ones too", async () => {
  const reader = new Reader();
  const marked = (first, ...body) =>
    new Uint8Array([0xf5, 1, 3, 0, 0, 0, 7, first, 0, ...deflateRawSync(Buffer.from(body))]);
  const order = [];
  const reads = [marked(1, 1, 65), plain(9), marked(2, 1, 66), "text", marked(1, 1, 65)].map((publish, i) =>
    reader.read(publish).then(
      ({ messages }) => order.push([i, messages.length]),
      () => order.push([i, "refused"]),
    ),
  );
  await Promise.all(reads);
  assert.deepEqual(order, [[0, 1], [1, "refused"], [2, 1], [3, "refused"], [4, 0]]);
  assert.equal(reader.position(), '{"version":1,"streams":{"00000007":2}}');
});

test("what was read says where it ends, whatever is read by then", async () => {
  const reader = new Reader();
  const reads = [1, 2, 3].map((first) => reader.read(new Uint8Array([0xf5, 1, 2, 0, 0, 0, 7, first, 0, 0])));
  const positions = (await Promise.all(reads)).map(({ position }) => JSON.parse(position).streams["00000007"]);
  assert.deepEqual(positions, [1, 2, 3]);
});
