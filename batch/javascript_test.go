package batch

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"
)

func node(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not on the PATH; CI has it")
	}
	return path
}

func TestJavaScriptDecoderPassesItsTests(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), node(t), "--test", "js/momento-batch.test.mjs").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestJavaScriptDecoderAgreesOnRandomBatches gives both decoders random batches, and random damages to them. They agree on what is a batch, and
// on its messages, byte for byte.
func TestJavaScriptDecoderAgreesOnRandomBatches(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 2))
	var cases []vector
	for range 3000 {
		v := vector{Format: []Format{Lines, JSON, LengthPrefixed}[rng.IntN(3)]}
		for range 1 + rng.IntN(6) {
			v.Messages = append(v.Messages, randomPayload(rng, v.Format == Lines))
		}
		v.Batch = encode(t, v.Format, v.Messages)
		if rng.IntN(2) == 0 {
			v.Batch, v.Messages = damage(rng, v.Batch), nil
		}
		cases = append(cases, v)
	}
	refused := 0
	for i, answer := range askNode(t, cases) {
		v := cases[i]
		messages, err := Split(v.Format, v.Batch)
		switch {
		case (err != nil) != (answer.Error != ""):
			t.Errorf("%s %q: Go says %v, JavaScript says %q", v.Format, v.Batch, err, answer.Error)
		case err != nil:
			refused++
		case !slices.EqualFunc(messages, answer.Messages, bytes.Equal):
			t.Errorf("%s %q: Go has %q, JavaScript has %q", v.Format, v.Batch, messages, answer.Messages)
		}
		if v.Messages != nil && !slices.EqualFunc(v.Messages, answer.Messages, bytes.Equal) {
			t.Errorf("%s: %q becomes %q", v.Format, v.Messages, answer.Messages)
		}
	}
	t.Logf("%d batches, %d of them refused by both", len(cases), refused)
}

type nodeAnswer struct {
	Messages [][]byte `json:"messages"`
	Error    string   `json:"error"`
}

func askNode(t *testing.T, cases []vector) []nodeAnswer {
	t.Helper()
	var in bytes.Buffer
	for _, v := range cases {
		line, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(line, '\n'))
	}
	cmd := exec.CommandContext(t.Context(), node(t), "js/split.mjs")
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var answers []nodeAnswer
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var a nodeAnswer
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, a)
	}
	if len(answers) != len(cases) {
		t.Fatalf("%d answers to %d questions", len(answers), len(cases))
	}
	return answers
}

func randomPayload(rng *rand.Rand, line bool) []byte {
	switch rng.IntN(4) {
	case 0:
		return []byte([]string{"", "null", "1e400", "-0.0", "123456789012345678901", `{"a":1.0,"a":[{},"]"]}`, `"text"`, " 1", "é\u2028", "[\"\\\"\"]"}[rng.IntN(10)])
	case 1:
		return strconv.AppendInt([]byte(`{"n":`), rng.Int64(), 10)
	case 2:
		return append(strconv.AppendInt([]byte(`{"n":`), rng.Int64(), 10), ",\"t\":\"\\u0041\\\\\xc3\xa9\"}"...)
	}
	bytes := make([]byte, rng.IntN(200))
	for i := range bytes {
		bytes[i] = byte(rng.UintN(256))
		if line && bytes[i] == '\n' {
			bytes[i] = 0
		}
	}
	return bytes
}

// damage changes, cuts or repeats a few bytes.
func damage(rng *rand.Rand, batch []byte) []byte {
	batch = slices.Clone(batch)
	for range 1 + rng.IntN(3) {
		if len(batch) == 0 {
			break
		}
		at := rng.IntN(len(batch))
		switch rng.IntN(4) {
		case 0:
			batch[at] = byte(rng.UintN(256))
		case 1:
			batch = batch[:at]
		case 2:
			batch = slices.Insert(batch, at, []byte("[]{}\",\\ =\n1a")[rng.IntN(12)])
		default:
			batch = slices.Delete(batch, at, at+1)
		}
	}
	return batch
}
