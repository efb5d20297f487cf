package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// nasty breaks out of whatever does not write it with care.
const nasty = "</script><script>alert(1)</script><!-- \u2028\u202e\x1b[31m\x00\r\n```\n| a | b |\n" +
	"# `x` <img src=x onerror=alert(1)> \xff\" onload=\"x '{{.}}${1}"

// hostile has it wherever a text can come from elsewhere.
func hostile(r *Report) *Report {
	r.Reason, r.Expected, r.Limiter, r.Unit = nasty, nasty, nasty, nasty
	r.Target.Endpoint, r.Target.Region, r.Target.Topic, r.Target.Version, r.Target.Caches = "http://"+nasty, nasty,
		nasty, nasty, []string{nasty}
	r.Settings.Shape, r.Generator.OS = nasty, nasty
	r.Settings.Labels = map[string]string{nasty: nasty}
	r.Refusals = append(r.Refusals, Refusal{nasty, 4}, Refusal{strings.Repeat("ä"+nasty, 20_000), 3}, Refusal{"", 1})
	for i := range r.Trials {
		r.Trials[i].Unfit = nasty
		if r.Trials[i].Name == "probe" {
			r.Trials[i].Name = nasty
		}
	}
	r.Latency[nasty] = latency(1, 50, 0.01, 0.2, 3)
	r.Dimensions = []Dimension{
		{Name: nasty, Value: nasty, Plateau: 4, Counts: true}, {Name: nasty, Value: nasty, Unfit: nasty},
	}
	return r
}

// files writes every format and returns the texts by name.
func files(t *testing.T, r *Report) map[string]string {
	t.Helper()
	paths, err := WriteAll(t.TempDir(), r)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(path)] = string(text)
	}
	return texts
}

func TestHostileTextsDoNothingInAnyFormat(t *testing.T) {
	for name, sample := range samples {
		for file, text := range files(t, hostile(sample())) {
			text = strings.ReplaceAll(text, "\r\n", "\n") // As tables for spreadsheets have it.
			if !utf8.ValidString(text) ||
				strings.ContainsFunc(text, func(c rune) bool {
					return c != '\n' && c != '\t' &&
						unicode.IsControl(c)
				}) {
				t.Errorf("%s, %s: has control characters", name, file)
			}
			if strings.ContainsAny(text, "\u2028\u202e") {
				t.Errorf("%s, %s: has separators that no one sees", name, file)
			}
			switch file {
			case htmlName:
				if n := strings.Count(text, "<script"); n != 4 {
					t.Errorf("%s: the page has %d scripts, want 4", name, n)
				}
				if strings.Contains(text, "<img") || strings.Contains(text, `" onload="`) {
					t.Errorf("%s: markup has come through", name)
				}
			case markdownName:
				if strings.Contains(text, "\n# `x`") || strings.Contains(text, "\n| a | b |") {
					t.Errorf("%s: a line of the text stands alone in the Markdown", name)
				}
			}
		}
	}
}

func TestLongRefusalsAreCutAndManyAreDropped(t *testing.T) {
	r := sampleFind()
	r.Refusals = []Refusal{{strings.Repeat("ö", 1<<20), 5}}
	for i := range 1000 {
		r.Refusals = append(r.Refusals, Refusal{strings.Repeat("x", i+1), i + 10})
	}
	kept := tidy(r).Refusals
	if len(kept) != maxRefusals || kept[0].Count != 1009 {
		t.Errorf("%d refusals are kept, the first came %d times", len(kept), kept[0].Count)
	}
	long := safe(strings.Repeat("ö", 1<<20))
	if len(long) > maxText || !utf8.ValidString(long) || !strings.HasSuffix(long, cutMark) || safe(long) != long {
		t.Errorf("a long text becomes one of %d bytes", len(long))
	}
}

func TestNothingOfTheKeyIsWritten(t *testing.T) {
	const key = "eyJlbmRwb2ludCI6ImNlbGwtNC11cy13ZXN0LTItMS5wcm9kLmEubW9tZW50b2hxLmNvbSIsImFwaV9rZXkiOiJl" +
		"eUpoYkdjaU9pSklVekkxTmlKOS5leUp6ZFdJaU9pSmlJbjAifQ=="
	r := sampleFind()
	r.Target.Endpoint = "https://user:" + key + "@host.example/?token=" + key + "#" + key
	r.Target.Topic, r.Reason, r.Expected = "a"+key, "the key "+key+" was refused", key
	r.Settings.Labels = map[string]string{"key": key}
	r.Trials[0].Unfit = key
	r.Refusals = []Refusal{{`{"message":"bad token ` + key + `"}`, 2}}
	for file, text := range files(t, r) {
		for i := 0; i+24 <= len(key); i += 12 {
			if strings.Contains(text, key[i:i+24]) {
				t.Fatalf("%s has %q", file, key[i:i+24])
			}
		}
		if file == jsonName && !strings.Contains(text, `"https://host.example/"`) {
			t.Error("the endpoint is lost")
		}
	}
}

func TestARefusalThatIsTheSameWithoutTheKeyIsOne(t *testing.T) {
	r := sampleFind()
	r.Refusals = []Refusal{{"token eyJAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 2}, {"token eyJBBBBBBBBBBBBBBBBBBBBBBBBBBBBB", 3}}
	if kept := tidy(r).Refusals; len(kept) != 1 || kept[0] != (Refusal{"token (API key)", 5}) {
		t.Errorf("%+v", kept)
	}
}
