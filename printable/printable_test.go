package printable

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTextIsSafeToShow(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "",
		"plain, é, 世界, ✓, 👍🏽, a\\nb":  "plain, é, 世界, ✓, 👍🏽, a\\nb",
		"\x1b[31mred\x1b[0m":          `\x1b[31mred\x1b[0m`,
		"two\r\nlines\tand a tab":     `two\r\nlines\tand a tab`,
		"\x00\a\b\v\f\x7f":            `\x00\x07\x08\x0b\x0c\x7f`,
		"csi \u009b31m osc \u009d":    `csi \u009b31m osc \u009d`,
		"not UTF-8 \x9b\xff caf\xe9":  `not UTF-8 \x9b\xff caf\xe9`,
		"\u202egnp.exe\u2066\u200f":   `\u202egnp.exe\u2066\u200f`,
		"zero\u200bwidth\ufeff\u00ad": `zero\u200bwidth\ufeff\u00ad`,
		"\u2028\u2029\u0085\u00a0":    `\u2028\u2029\u0085\u00a0`,
		"fillers \u3164\u115f":        `fillers \u3164\u115f`,
		"tags \U000e0041":             `tags \U000e0041`,
		"replaced \ufffd":             "replaced \ufffd",
	} {
		got := Text(in)
		if got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
		if again := Text(got); again != got {
			t.Errorf("Text(%q) = %q the second time", got, again)
		}
	}
}

func TestLineFeedsStayInLines(t *testing.T) {
	t.Parallel()
	if got := Lines("a\r\nb\x1b"); got != "a\\r\nb\\x1b" {
		t.Errorf("got %q", got)
	}
}

func TestBoundedTextIsCutBetweenCharactersAndEscapes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		most int
		want string
	}{
		{"short", 10, "short"},
		{"0123456789", 10, "0123456789"},
		{"0123456789x", 10, "0123456…"},
		{"ééééééé", 10, "ééé…"},
		{"abcde\x1b[31m", 10, "abcde…"},
		{"abc\x1b[31m", 10, `abc\x1b…`},
		{strings.Repeat("\u202e", 100), 10, `\u202e…`},
		{"two\r\n  lines", 10, "two lines"},
		{strings.Repeat("\xff", 100), 10, `\xff…`},
	} {
		if got := Bounded(c.in, c.most); got != c.want {
			t.Errorf("Bounded(%q, %d) = %q, want %q", c.in, c.most, got, c.want)
		}
	}
}

func TestJSONMeansTheSameAndIsSafeToShow(t *testing.T) {
	t.Parallel()
	in := "{\"a\":\"\u009b\u202e\x7f\U000e0041é\",\r\n\t\"b\":1}"
	want := `{"a":"\u009b\u202e\u007f\udb40\udc41é",` + " \n " + `"b":1}`
	got := JSON([]byte(in))
	if string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var before, after any
	if json.Unmarshal([]byte(in), &before) != nil || json.Unmarshal(got, &after) != nil {
		t.Fatal("it is no JSON")
	}
	if b, a := before.(map[string]any)["a"], after.(map[string]any)["a"]; a != b {
		t.Errorf("%q has become %q", b, a)
	}
}

func TestLogInJSONIsSafeToShow(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(JSONTo(&out), nil)).Info("said", "text", "\u009b31m\x1b\xff\n")
	got := strings.ReplaceAll(out.String(), "\ufffd", `\ufffd`) // Go 1.27 writes it as it is.
	if !strings.HasSuffix(got, `"text":"\u009b31m\u001b\ufffd\n"}`+"\n") {
		t.Errorf("the line is %q", got)
	}
}

func FuzzTextIsSafeToShow(f *testing.F) {
	f.Add("\x1b[31m\u202e\xff\n", 20)
	f.Fuzz(func(t *testing.T, s string, most int) {
		most = 8 + most&0xff
		for _, text := range []string{Text(s), Bounded(s, most), strings.ReplaceAll(Lines(s), "\n", "")} {
			for _, r := range text {
				if !Safe(r) {
					t.Fatalf("%q has become %q", s, text)
				}
			}
			if !utf8.ValidString(text) {
				t.Fatalf("%q has become %q", s, text)
			}
		}
		if got := Bounded(s, most); len(got) > most {
			t.Fatalf("%q has become %q, of more than %d bytes", s, got, most)
		}
	})
}
