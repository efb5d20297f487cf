package batch

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
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
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), node(t), "--test", "js/momento-batch.test.mjs", "js/packed.test.mjs")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestJavaScriptDecoderAgreesOnRandomBatches gives both decoders random batches, and random damages to them and to the
// vectors. They agree on what is a batch, and on its messages, byte for byte. What is text is given to JavaScript as a
// string, too.
func TestJavaScriptDecoderAgreesOnRandomBatches(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 2))
	known := vectors(t)
	var cases []vector
	for range 4000 {
		v := vector{Format: []Format{Lines, JSON, LengthPrefixed}[rng.IntN(3)]}
		for range 1 + rng.IntN(6) {
			v.Messages = append(v.Messages, randomPayload(rng, v.Format == Lines))
		}
		v.Batch = encode(t, v.Format, v.Messages)
		switch rng.IntN(4) {
		case 0:
			v.Batch, v.Messages = damage(rng, v.Batch), nil
		case 1:
			w := known[rng.IntN(len(known))]
			v = vector{Format: w.Format, Batch: damage(rng, w.Batch)}
		}
		v.Text = v.Format != LengthPrefixed && utf8.Valid(v.Batch)
		cases = append(cases, v)
	}
	agree(t, cases)
}

// deepestRead is how many levels decoders read, the batch's own included: a limit of encoding/json that the decoder for
// JavaScript keeps, too.
const deepestRead = 10000

func TestJavaScriptDecoderAgreesOnNesting(t *testing.T) {
	var cases []vector
	for _, depth := range []int{Deepest + 1, Deepest + 2, deepestRead, deepestRead + 1, 3 * deepestRead} {
		for _, brackets := range []string{"[]", `{"a":}`} {
			opening, closing := brackets[:len(brackets)-1], brackets[len(brackets)-1:]
			batch := "[" + strings.Repeat(opening, depth-1) + "1" + strings.Repeat(closing, depth-1) + "]"
			_, err := Split(JSON, []byte(batch))
			if (err != nil) != (depth > deepestRead) {
				t.Errorf("a batch of %d levels of %s: %v", depth, brackets, err)
			}
			cases = append(cases, vector{Format: JSON, Batch: []byte(batch), Text: true})
		}
	}
	agree(t, cases)
}

// agree fails the test unless both decoders make the same of each batch, and what was encoded, where that is known.
func agree(t *testing.T, cases []vector) {
	t.Helper()
	refused := 0
	for i, answer := range askNode(t, cases) {
		v := cases[i]
		messages, err := Split(v.Format, v.Batch)
		switch {
		case (err != nil) != (answer.Error != ""):
			t.Errorf("%s %.300q: Go says %v, JavaScript says %q", v.Format, v.Batch, err, answer.Error)
		case err != nil:
			refused++
		case !slices.EqualFunc(messages, answer.Messages, bytes.Equal):
			t.Errorf("%s %.300q: Go has %.300q, JavaScript has %.300q", v.Format, v.Batch, messages, answer.Messages)
		}
		if answer.Differs {
			t.Errorf("%s %.300q: JavaScript makes something else of the string", v.Format, v.Batch)
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
	Differs  bool     `json:"differs"` // The same batch as a string gives something else.
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
	for line := range bytes.Lines(out) {
		var a nodeAnswer
		if err := json.Unmarshal(line, &a); err != nil {
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
	switch rng.IntN(5) {
	case 0:
		return []byte([]string{
			"", "null", "1e400", "-0.0", "123456789012345678901", `{"a":1.0,"a":[{},"]"]}`, `"text"`,
			" 1", "é\u2028", "[\"\\\"\"]",
		}[rng.IntN(10)])
	case 1:
		return strconv.AppendInt([]byte(`{"n":`), rng.Int64(), 10)
	case 2:
		return append(strconv.AppendInt([]byte(`{"n":`), rng.Int64(), 10), ",\"t\":\"\\u0041\\\\\xc3\xa9\"}"...)
	case 3:
		return randomJSON(rng, nil, 1+rng.IntN(5))
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

// randomJSON appends a document that is up to some levels deep.
func randomJSON(rng *rand.Rand, dst []byte, levels int) []byte {
	if levels == 0 {
		return append(dst, []string{
			"1.0", "-0", "1e-400", "9223372036854775808", "null", `""`, `"]},\\"`,
			`"\ud800\u0000"`, "\"\u00e9\U0001f600\"", "false",
		}[rng.IntN(10)]...)
	}
	object, blank := rng.IntN(2) == 0, []string{"", "", " ", "\t\r"}[rng.IntN(4)]
	opening, closing := "[", "]"
	if object {
		opening, closing = "{", "}"
	}
	dst = append(dst, opening...)
	for i := range rng.IntN(4) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, blank...)
		if object {
			dst = append(dst, `"k[\"":`...)
		}
		dst = randomJSON(rng, dst, rng.IntN(levels))
	}
	return append(append(dst, blank...), closing...)
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
