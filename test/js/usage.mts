// What a user of TypeScript writes. tsc reads it; it is never run.
import { BatchError, Reader, split, splitStrings, unpack } from "momento-bridge-batch";
import type { Format, Gap, Marker, Message, Publish, Reading } from "momento-bridge-batch";
import * as direct from "momento-bridge-batch/momento-batch.mjs";

declare const data: Uint8Array;

const format: Format = "json";
const bytes: Uint8Array[] = split(format, data);
const texts: string[] = splitStrings("lines", "one\n");

// @ts-expect-error Packed batches are no format of split.
split("packed", data);
// @ts-expect-error A packed batch is bytes.
await unpack("text");
// @ts-expect-error Momento's number is a number.
await new Reader().read(data, "1");

const publish: Publish = await unpack(data, { most: 65536 });
const marker: Marker | undefined = publish.marker;
const previous: number = marker === undefined ? 0 : marker.previous;

const reader: direct.Reader = new Reader(null, {});
reader.discontinuity();
const reading: Reading = await reader.read(data, 7);
const gaps: Gap[] = reading.gaps;
const saved: string = reader.position();

function show(message: Message): string {
  const when = message.time === undefined ? undefined : new Date(message.time);
  const names: string[] = (message.headers ?? []).map(([name]) => name);
  const values: Uint8Array[] = (message.headerBytes ?? []).map(([, value]) => value);
  const trace: string | undefined = message.header("traceparent");
  // @ts-expect-error What was read is not changed.
  message.sequence = 1;
  return [message.subject, message.subjectBytes?.length, message.sequence, when, names, values, trace, message.text()].join();
}

try {
  new Reader("{");
} catch (error) {
  if (error instanceof BatchError) {
    const name: "BatchError" = error.name;
    console.log(name, error.message, error.cause);
  }
}

export { bytes, texts, previous, gaps, saved, show };
