// Answers each line of standard input, {"format", "batch" in base64}, with {"messages" in base64} or {"error"}. For batch's Go tests.
import { createInterface } from "node:readline";
import { split } from "./momento-batch.mjs";

for await (const line of createInterface({ input: process.stdin })) {
  const { format, batch } = JSON.parse(line);
  try {
    const messages = split(format, new Uint8Array(Buffer.from(batch, "base64")));
    console.log(JSON.stringify({ messages: messages.map((m) => Buffer.from(m).toString("base64")) }));
  } catch (error) {
    console.log(JSON.stringify({ error: error.message }));
  }
}
