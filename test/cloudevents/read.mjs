// Reads the events on standard input, a JSON array of texts, with the official JavaScript SDK: each by itself, in
// structured mode, and all of them as one batch. It writes what the SDK made of them, as JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

// The SDK is installed where the tests say, so that nothing is installed here.
const { CloudEvent, HTTP } = createRequire(process.argv[2] + "/")("cloudevents");

const texts = JSON.parse(readFileSync(0, "utf8"));
const tried = (read) => {
  try {
    return { event: read() };
  } catch (error) {
    return { error: String(error.message) };
  }
};
const mode = (kind, body) =>
  HTTP.toEvent({ headers: { "content-type": `application/${kind}+json; charset=utf-8` }, body });

const single = texts.map((text) => ({
  strict: tried(() => new CloudEvent(JSON.parse(text))),
  structured: tried(() => mode("cloudevents", text)),
}));
const batch = tried(() => mode("cloudevents-batch", "[" + texts.join(",") + "]"));
process.stdout.write(JSON.stringify({ single, batch }));
