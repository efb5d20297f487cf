// Subscribes to topics with Momento's SDKs for Node and for browsers, and publishes with them. It is told what to do in
// lines of JSON on standard input, and says in lines of JSON what the callbacks of its user are called with.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { XMLHttpRequest } from "./xhr.mjs";

const [directory] = process.argv.slice(2);

// The SDKs are installed where the tests say, so that nothing is installed here.
const require = createRequire(directory + "/");
globalThis.XMLHttpRequest = XMLHttpRequest;
globalThis.navigator ??= { userAgent: "" };

const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");

function clientOf(name, key, port) {
  const sdk = require(name === "web" ? "@gomomento/sdk-web" : "@gomomento/sdk");
  const at = name === "web" ? `http://127.0.0.1:${port}` : `127.0.0.1:${port}`;
  const log = new sdk.NoopMomentoLoggerFactory();
  const endpoints = { cacheEndpoint: at, controlEndpoint: at, tokenEndpoint: at, secureConnection: false };
  const credentialProvider = sdk.CredentialProvider.forMomentoLocal({ endpointOverrides: endpoints });
  credentialProvider.getAuthToken = () => key;
  return new sdk.TopicClient({ configuration: configurationOf(name, sdk.TopicConfigurations, log), credentialProvider });
}

// A busy machine is not to look like a broken connection: Node's SDK is given time, and no keep-alives.
function configurationOf(name, configurations, log) {
  if (name === "web") return configurations.Browser.latest(log);
  return configurations.Lambda.latest(log).withClientTimeoutMillis(120_000);
}

const clients = {};
const subscriptions = {}; // Of each port.
const client = ({ sdk, key, port }) => (clients[[sdk, key, port]] ??= clientOf(sdk, key, port));

const refused = (error) => ({ on: "error", code: error.errorCode(), text: error.message() });

function heard(item) {
  const value = item.value();
  return {
    on: "item",
    text: typeof value === "string" ? value : undefined,
    binary: value instanceof Uint8Array ? Buffer.from(value).toString("base64") : undefined,
    string: item.valueString(),
    sequence: item.sequenceNumber(),
    publisher: item.tokenId(),
  };
}

async function subscribe(order) {
  const { sdk, port, cache, topic } = order;
  const tell = (what) => say({ sdk, port, topic, ...what });
  let beating = false;
  const answer = await client(order).subscribe(cache, topic, {
    onItem: (item) => tell(heard(item)),
    onError: (error) => tell(refused(error)),
    onDiscontinuity: (d) =>
      tell({ on: "discontinuity", last: d.lastSequenceNumber(), new: d.newSequenceNumber(), page: d.newSequencePage() }),
    onHeartbeat: () => {
      if (!beating) tell({ on: "heartbeat" });
      beating = true;
    },
  });
  if (answer.type === "Error") tell(refused(answer));
  else (subscriptions[port] ??= []).push(answer);
}

// close ends what a port has, so that nothing subscribes again to what listens there next.
async function close(order) {
  for (const subscription of subscriptions[order.port] ?? []) subscription.unsubscribe();
  for (const name of Object.keys(clients)) if (name.endsWith("," + order.port)) delete clients[name];
  say({ ...order, on: "closed" });
}

async function publish(order) {
  const { sdk, port, cache, topic, text, binary } = order;
  const answer = await client(order).publish(cache, topic, text ?? Uint8Array.from(Buffer.from(binary, "base64")));
  say({ sdk, port, topic, ...(answer.type === "Error" ? refused(answer) : { on: "published" }) });
}

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  ({ publish, subscribe, close })[order.do](order).catch((error) => say({ ...order, on: "thrown", text: String(error.stack) }));
}
process.exit(0);
