// node --test batch/js/momento-batch.test.mjs
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { split, splitStrings } from "./momento-batch.mjs";

const vectors = JSON.parse(readFileSync(new URL("../testdata/vectors.json", import.meta.url)));
const bytes = (base64) => new Uint8Array(Buffer.from(base64, "base64"));
const base64 = (message) => Buffer.from(message).toString("base64");

for (const v of vectors) {
  test(`${v.format}: ${v.name}`, () => {
    if (v.refused) {
      assert.throws(() => split(v.format, bytes(v.batch)), Error);
      return;
    }
    assert.deepEqual(split(v.format, bytes(v.batch)).map(base64), v.messages);
    if (v.text) assert.deepEqual(split(v.format, Buffer.from(v.batch, "base64").toString()).map(base64), v.messages);
  });
}

test("messages come as strings for those who want them", () => {
  assert.deepEqual(splitStrings("lines", "one\ntwö\n"), ["one", "twö"]);
  assert.deepEqual(splitStrings("json", '[{"n":1.0},"aGVsbG8="]'), ['{"n":1.0}', "hello"]);
  assert.throws(() => splitStrings("length-prefixed", new Uint8Array([1, 255])));
});

test("length-prefixed batches are not text", () => {
  assert.throws(() => split("length-prefixed", "\u0001a"), /not text/);
});

test("an unknown format is refused", () => {
  assert.throws(() => split("xml", ""), /unknown batch format/);
});

test("what is neither a string nor a Uint8Array is refused", () => {
  const buffer = new TextEncoder().encode("\u0001\n").buffer;
  for (const data of [buffer, new DataView(buffer), new Uint16Array(buffer), [1], {}, 1, null, undefined]) {
    for (const format of ["lines", "json", "length-prefixed"]) {
      assert.throws(() => split(format, data), /string or a Uint8Array/);
    }
  }
});

test("bytes of another realm are bytes", () => {
  const foreign = runInNewContext("new Uint8Array([97, 10])");
  assert.ok(!(foreign instanceof Uint8Array));
  assert.deepEqual(splitStrings("lines", foreign), ["a"]);
});

test("a string that is not well-formed is refused, as its messages would change", () => {
  for (const format of ["lines", "json"]) assert.throws(() => split(format, '["\ud800"]\n'), /not well-formed/);
  assert.deepEqual(splitStrings("json", '[["\u{1f600}"]]'), ['["\u{1f600}"]']);
});
