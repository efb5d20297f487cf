// Answers each line of standard input, {"format", "batch" in base64, "text": whether it is a string, too}, with
// {"messages" in base64} or {"error"}, and "differs" if the string gives something else. For batch's Go tests.
import { createInterface } from "node:readline";
import { split } from "./momento-batch.mjs";

function answer(format, data) {
  try {
    return { messages: split(format, data).map((m) => Buffer.from(m).toString("base64")) };
  } catch (error) {
    return { error: error.message };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { format, batch, text } = JSON.parse(line);
  const bytes = Buffer.from(batch, "base64");
  const said = answer(format, new Uint8Array(bytes));
  const differs = Boolean(text) && JSON.stringify(answer(format, bytes.toString())) !== JSON.stringify(said);
  console.log(JSON.stringify({ ...said, differs }));
}
