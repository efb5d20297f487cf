// Compares a decoder with the vectors of testdata, in Node and in browsers. Each function returns what is wrong.

const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const base64 = (data) => btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(""));
const maybe = (data) => (data === undefined ? undefined : base64(data));

function same(got, want, what) {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
  return a === b ? [] : [`${what}: ${a.slice(0, 500)}, want ${b.slice(0, 500)}`];
}

function messageOf(message) {
  const headers = message.headerBytes && message.headerBytes.map((field) => field.map(base64));
  return {
    payload: base64(message.payload),
    subject: maybe(message.subjectBytes),
    time: message.time,
    headers,
    sequence: message.sequence,
  };
}

const inOrder = ({ payload, subject, time, headers, sequence }) => ({ payload, subject, time, headers, sequence });

async function refusal(promise, BatchError) {
  try {
    await promise;
    return "is taken";
  } catch (error) {
    return error instanceof BatchError ? "" : `is refused with ${error}`;
  }
}

export async function packed({ BatchError, unpack }, vectors) {
  const wrong = [];
  for (const v of vectors) {
    const publish = bytes(v.publish);
    if (v.refused) {
      const what = await refusal(unpack(publish), BatchError);
      if (what) wrong.push(`${v.name} ${what}`);
      continue;
    }
    try {
      const { marker, messages } = await unpack(publish);
      wrong.push(...same(marker, v.marker, v.name), ...same(messages.map(messageOf), v.messages.map(inOrder), v.name));
    } catch (error) {
      wrong.push(`${v.name} is refused: ${error.message}`);
    }
  }
  return wrong;
}

export async function reader({ BatchError, Reader }, cases) {
  const wrong = [];
  for (const c of cases) wrong.push(...(await readCase(new Reader(c.position), c, BatchError)));
  return wrong;
}

// The steps are asked for at once, and are served in their order.
async function readCase(reader, { name, steps, position_after: position }, BatchError) {
  const readings = steps.map((step) => {
    if (step.discontinuity) reader.discontinuity();
    return reader.read(bytes(step.publish), step.number);
  });
  const checks = readings.map((reading, i) => checkStep(reading, steps[i], `${name}, step ${i + 1}`, BatchError));
  const wrong = (await Promise.all(checks)).flat();
  return wrong.concat(same(reader.position(), position, `${name}: position`));
}

async function checkStep(reading, want, name, BatchError) {
  if (want.refused) {
    const what = await refusal(reading, BatchError);
    return what ? [`${name} ${what}`] : [];
  }
  try {
    const { messages, repeats, gaps } = await reading;
    return [
      ...same(messages.map((message) => base64(message.payload)), want.payloads, `${name}: payloads`),
      ...same(repeats, want.repeats, `${name}: repeats`),
      ...same(gaps, want.gaps, `${name}: gaps`),
    ];
  } catch (error) {
    return [`${name} is refused: ${error.message}`];
  }
}
