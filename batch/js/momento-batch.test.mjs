// node --test batch/js/momento-batch.test.mjs
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
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
