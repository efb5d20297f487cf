package batch

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// vector is one case of testdata/vectors.json, which the JavaScript tests read, too. Messages and batches are base64
// there.
type vector struct {
	Name     string   `json:"name"`
	Format   Format   `json:"format"`
	Messages [][]byte `json:"messages,omitempty"`
	Batch    []byte   `json:"batch"`
	Refused  bool     `json:"refused,omitempty"` // No batch.
	Foreign  bool     `json:"foreign,omitempty"` // A batch that our encoder does not make.
	Text     bool     `json:"text,omitempty"`    // The same as a string.
}

func vectors(t *testing.T) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// encode makes a batch as the pipeline does.
func encode(t testing.TB, format Format, messages [][]byte) []byte {
	t.Helper()
	f, err := Parse(string(format))
	if err != nil {
		t.Fatal(err)
	}
	var batch []byte
	length := f.Overhead()
	for _, m := range messages {
		size, err := f.Size(m)
		if err != nil {
			t.Fatal(err)
		}
		length += size
		batch = f.Append(batch, m, size)
	}
	batch = f.End(batch)
	if len(batch) != length {
		t.Errorf("%s: a batch of %d bytes, its sizes say %d", format, len(batch), length)
	}
	return batch
}

func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		got, err := Split(v.Format, v.Batch)
		switch {
		case v.Refused:
			if err == nil {
				t.Errorf("%s %s: %q is taken for a batch: %q", v.Format, v.Name, v.Batch, got)
			}
			continue
		case err != nil || !slices.EqualFunc(got, v.Messages, bytes.Equal):
			t.Errorf("%s %s: %q, %v, want %q", v.Format, v.Name, got, err, v.Messages)
		case !v.Foreign && !bytes.Equal(encode(t, v.Format, v.Messages), v.Batch):
			t.Errorf("%s %s: encoded as %q, want %q", v.Format, v.Name, encode(t, v.Format, v.Messages), v.Batch)
		}
	}
}

func TestLineFeedCannotBeInALine(t *testing.T) {
	f, _ := Parse("lines")
	if _, err := f.Size([]byte("a\nb")); !errors.Is(err, errLineFeed) {
		t.Errorf("Size = %v, want that a line feed is the reason", err)
	}
}

func TestUnknownFormatIsRefused(t *testing.T) {
	if _, err := Parse("none"); err == nil {
		t.Error("Parse takes none for a format")
	}
	if _, err := Split("xml", nil); err == nil {
		t.Error("Split takes xml for a format")
	}
}

// What is not taken as an element by every parser travels as base64.
func TestOnlyUnambiguousJSONIsEmbedded(t *testing.T) {
	f := func(payload string, want bool) {
		t.Helper()
		if got := embeddable([]byte(payload)); got != want {
			t.Errorf("embeddable(%.80q) = %v, want %v", payload, got, want)
		}
	}
	for _, payload := range []string{
		`{}`, `[]`, `0`, `-1.50e+10`, `1e400`, `null`, `true`, `{"a":1,"a":2}`,
		`["\ud800"]`, `{"é":" x "}`,
	} {
		f(payload, true)
	}
	for _, payload := range []string{
		``, `"text"`, ` 1`, "1\n", `{]`, `nul`, `01`, `1 2`, "\ufeff1", "{\"a\":\"\xff\"}",
		"[\"\x01\"]", `NaN`,
	} {
		f(payload, false)
	}
	f(strings.Repeat("[", Deepest)+strings.Repeat("]", Deepest), true)
	f(strings.Repeat("[", Deepest+1)+strings.Repeat("]", Deepest+1), false)
	f(strings.Repeat(`{"a":`, Deepest+1)+"1"+strings.Repeat("}", Deepest+1), false)
	f("["+strings.Repeat(`{"a":[1,2]},`, Deepest)+"0]", true)
	f(`["`+strings.Repeat(`[{\"`, 2*Deepest)+`\\"]`, true)
}

// encode fails the test unless sizes add up.
func TestSizesOfAllWidthsAddUp(t *testing.T) {
	for _, length := range []int{0, 1, 2, 3, 127, 128, 16383, 16384, 1<<21 - 1, 1 << 21} {
		want := [][]byte{bytes.Repeat([]byte{'x'}, length), {}, bytes.Repeat([]byte{'1'}, length)}
		for _, format := range []Format{Lines, JSON, LengthPrefixed} {
			if got, err := Split(format, encode(t, format, want)); err != nil || !slices.EqualFunc(got, want,
				bytes.Equal) {
				t.Errorf("%s: messages of %d bytes do not survive: %v", format, length, err)
			}
		}
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	for _, payload := range []string{`{"id":17,"text":"a message as they are"}`, "\xff\x00 no JSON", ""} {
		for _, format := range []Format{Lines, JSON, LengthPrefixed} {
			f, _ := Parse(string(format))
			message, buffer := []byte(payload), make([]byte, 0, 4096)
			size, _ := f.Size(message)
			if n := testing.AllocsPerRun(100, func() {
				buffer = f.End(f.Append(f.Append(buffer[:0], message, size), message, size))
			}); n != 0 {
				t.Errorf("%s of %q: %g allocations, want none", format, payload, n)
			}
		}
	}
}

// What is no JSON is not here: encoding/json makes an error of it.
func TestSizeOfJSONAllocatesNothing(t *testing.T) {
	payload := []byte(`{"id":17,"text":"a message as they are"}`)
	for _, format := range []Format{Lines, JSON, LengthPrefixed} {
		f, _ := Parse(string(format))
		if n := testing.AllocsPerRun(100, func() { _, _ = f.Size(payload) }); n != 0 {
			t.Errorf("%s: %g allocations, want none", format, n)
		}
	}
}

// Messages share the batch's memory, but not its capacity.
func TestAppendingToAMessageLeavesTheNextAsItWas(t *testing.T) {
	for _, format := range []Format{Lines, JSON, LengthPrefixed} {
		messages, err := Split(format, encode(t, format, [][]byte{[]byte("1"), []byte("22"), []byte("x")}))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range messages {
			_ = append(m, "!?"...)
		}
		if got := bytes.Join(messages, []byte{' '}); string(got) != "1 22 x" {
			t.Errorf("%s: the messages have become %q", format, got)
		}
	}
}

// FuzzDepth compares with a parser that counts levels of its own.
func FuzzDepth(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"]}\\":"\"{["}],"b":[[]]}`), byte(3))
	f.Add([]byte(`"[[["`), byte(1))
	f.Add([]byte(`[1e400,[[]]]`), byte(2))
	f.Fuzz(func(t *testing.T, data []byte, levels byte) {
		if !json.Valid(data) {
			return
		}
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.UseNumber()
		depth, deepest := 0, 0
		for {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%q: %v", data, err)
			}
			switch token {
			case json.Delim('['), json.Delim('{'):
				depth++
			case json.Delim(']'), json.Delim('}'):
				depth--
			}
			deepest = max(deepest, depth)
		}
		if got := Within(data, int(levels)); got != (deepest <= int(levels)) {
			t.Errorf("Within(%q, %d) = %v, it is %d deep", data, levels, got, deepest)
		}
	})
}

// FuzzBatchesSurvive makes a batch of any messages and takes it apart again.
func FuzzBatchesSurvive(f *testing.F) {
	f.Add([]byte("one,two,,{\"a\":[1,2]},\"text\",\xff\x00"), byte(','))
	f.Add([]byte(" 1|1 |[1]|null|1e5|\"\""), byte('|'))
	f.Fuzz(func(t *testing.T, data []byte, separator byte) {
		messages := bytes.Split(data, []byte{separator})
		for _, format := range []Format{Lines, JSON, LengthPrefixed} {
			if format == Lines && bytes.ContainsRune(bytes.Join(messages, nil), '\n') {
				continue
			}
			batch := encode(t, format, messages)
			got, err := Split(format, batch)
			if err != nil || !slices.EqualFunc(got, messages, bytes.Equal) {
				t.Errorf("%s: %q becomes %q, %q, %v", format, messages, batch, got, err)
			}
		}
	})
}

// FuzzSplitIsStrict takes apart anything. What is accepted is a batch: of lines and length-prefixed messages the very
// bytes that encoding them again gives, and of any JSON array what another way to read it finds.
func FuzzSplitIsStrict(f *testing.F) {
	for _, seed := range []string{
		"a\nb\n", `["aGk=",1]`, "\x01a\x02bc", ` [ 1 , {"a":[]} ] `, "[1,]", "\x80\x00",
		"[1e400,-0]", `["aGk\u003d"]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range []Format{Lines, LengthPrefixed} {
			if messages, err := Split(format, data); err == nil && len(messages) > 0 &&
				!bytes.Equal(encode(t, format, messages), data) {
				t.Errorf("%s: %q is not the encoding of %q", format, data, messages)
			}
		}
		messages, err := Split(JSON, data)
		if err != nil {
			return
		}
		if want := readElements(t, data); !slices.EqualFunc(messages, want, bytes.Equal) {
			t.Errorf("%q: messages %q, another reader finds %q", data, messages, want)
		}
	})
}

// readElements reads a JSON batch as a stream, one element after the other.
func readElements(t *testing.T, batch []byte) [][]byte {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(batch))
	if start, err := decoder.Token(); err != nil || start != json.Delim('[') {
		t.Fatalf("%q starts with %v, %v", batch, start, err)
	}
	var messages [][]byte
	for decoder.More() {
		var element json.RawMessage
		if err := decoder.Decode(&element); err != nil {
			t.Fatalf("%q: %v", batch, err)
		}
		if element[0] == '"' {
			var message []byte
			if err := json.Unmarshal(element, &message); err != nil {
				t.Fatalf("%q: %v", batch, err)
			}
			element = message
		}
		messages = append(messages, element)
	}
	if _, err := decoder.Token(); err != nil {
		t.Fatalf("%q does not end: %v", batch, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		t.Fatalf("%q goes on: %v", batch, err)
	}
	return messages
}

// BenchmarkFraming is what batches cost a message: its size when it comes, and adding it when it goes. "many" opens
// more brackets than may be nested, "binary" is no JSON.
//
//	go test -run '^$' -bench Framing ./batch
func BenchmarkFraming(b *testing.B) {
	for _, payload := range []struct {
		name string
		text string
	}{
		{"100B", `{"id":17,"text":"` + strings.Repeat("x", 81) + `"}`},
		{"4KB", `{"id":17,"text":"` + strings.Repeat("x", 4077) + `"}`},
		{"4KB-many", "[" + strings.Repeat(`{"at":[1,2]},`, 314) + `{"at":[]}]`},
		{"100B-binary", strings.Repeat("\xff", 100)},
		{"4KB-binary", strings.Repeat("\xff", 4096)},
	} {
		for _, format := range []Format{Lines, JSON, LengthPrefixed} {
			f, _ := Parse(string(format))
			message := []byte(payload.text)
			size, _ := f.Size(message)
			b.Run("Size/"+string(format)+"/"+payload.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					_, _ = f.Size(message)
				}
			})
			b.Run("Append/"+string(format)+"/"+payload.name, func(b *testing.B) {
				var buffer []byte
				b.ReportAllocs()
				for b.Loop() {
					buffer = f.Append(buffer[:0], message, size)
				}
			})
		}
	}
}

var exampleRow = regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| (`.+`) \\| `([0-9a-f]+)` \\|$")

func TestExamplesOfTheSpecificationAreTrue(t *testing.T) {
	text, err := os.ReadFile("../docs/batch-formats.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := exampleRow.FindAllStringSubmatch(string(text), -1)
	if len(rows) != 3 {
		t.Fatalf("%d examples found, want one of each format", len(rows))
	}
	for _, row := range rows {
		var messages [][]byte
		for m := range strings.SplitSeq(row[2], " ") {
			messages = append(messages, []byte(strings.Trim(m, "`")))
		}
		if got := hex.EncodeToString(encode(t, Format(row[1]), messages)); got != row[3] {
			t.Errorf("%s: %q is %s, the specification says %s", row[1], messages, got, row[3])
		}
	}
}
