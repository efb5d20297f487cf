package template

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestHeadersMakeTopics(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		template string
		header   map[string][]string
		topic    string // Or
		unfit    string // words of why there is none.
	}{
		"a header is taken as it is": {
			"o-{{header(Region)}}",
			map[string][]string{"Region": {"eu/1 %2F.é\x00\xff"}},
			"o-eu/1 %2F.é\x00\xff", "",
		},
		"of several values the first counts": {"{{header(A)}}", map[string][]string{"A": {"1", "2"}}, "1", ""},
		"it may stand beside the rest":       {"$1.{{header(A)}}", map[string][]string{"A": {"x.y"}}, "b.x.y", ""},
		"several may": {
			"{{header(A)}}{{header(B)}}", map[string][]string{"A": {"1"}, "B": {"2"}}, "12", "",
		},
		"spaces around the name are none of it": {
			"{{ Header( A , no ne ) }}", map[string][]string{"A": {"1"}}, "1", "",
		},
		"a default stands for a missing one": {"{{header(A, none )}}", nil, "none", ""},
		"a default stands for an empty one": {
			"{{header(A,none)}}", map[string][]string{"A": {""}}, "none", "",
		},
		"a default stands for one without values":    {"{{header(A,none)}}", map[string][]string{"A": nil}, "none", ""},
		"a default may be empty where there is more": {"o{{header(A,)}}", nil, "o", ""},
		"an empty topic is none": {
			"{{header(A,)}}", nil, "", "has 0 bytes: 1 to 4096 are possible",
		},
		"a missing one without a default is told": {
			"o-{{header(A)}}",
			map[string][]string{"B": {"1"}},
			"",
			`the header A is missing or empty, of which "o-{{header(A)}}" makes the topic: publish with it, or write ` +
				`{{header(A,default)}}`,
		},
		"an empty one is missing": {
			"o-{{header(A)}}", map[string][]string{"A": {"", "1"}}, "", "A is missing or empty",
		},
		"names differ by case, and that is told": {
			"{{header(region)}}",
			map[string][]string{"REGION": {"1"}, "Region": {"1"}},
			"",
			`the topic (it has REGION: to NATS, names differ by case): publish`,
		},
		"the one with the right case counts": {
			"{{header(region)}}", map[string][]string{"Region": {"1"}, "region": {"2"}}, "2", "",
		},
		"the longest is as long as a subject": {
			"{{header(A)}}", map[string][]string{"A": {strings.Repeat("x", 4096)}}, strings.Repeat("x", 4096), "",
		},
		"a longer one is refused": {
			"{{header(A)}}", map[string][]string{"A": {strings.Repeat("x", 4097)}}, "", "has 4097 bytes",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, filters := range [][]string{{"a.*"}, {"a.*", "x.y.*"}} { // One, and several that differ.
				template, err := Compile(filters, tt.template)
				if err != nil {
					t.Fatal(err)
				}
				cache := NewCache(template)
				for range 2 { // The second time it is known.
					topic, unfit := cache.Topic("a.b", tt.header)
					if topic != tt.topic || (tt.unfit == "") != (unfit == "") || !strings.Contains(unfit, tt.unfit) {
						t.Errorf("Topic() = %q, %q, want %q, %q", topic, unfit, tt.topic, tt.unfit)
					}
				}
			}
		})
	}
}

func TestHeadersOfATemplateAreNamedOnce(t *testing.T) {
	t.Parallel()
	needed, optional := compiled(t, "a.*", "{{header(B)}}{{header(A)}}{{header(B)}}{{header(C,x)}}").Headers()
	if !slices.Equal(needed, []string{"A", "B"}) || !slices.Equal(optional, []string{"C"}) {
		t.Errorf("needs %v, and has defaults for %v", needed, optional)
	}
}

// Publishers choose what is in headers: they must not fill the memory.
func TestTopicsOfHeadersAreRememberedWithinBounds(t *testing.T) {
	t.Parallel()
	cache := NewCache(compiled(t, "a", "t-{{header(A)}}"))
	for i := range maxTopics + 20 {
		if i == maxTopics { // As if many had found no room.
			cache.misses = forgetAfter - 10
		}
		value := fmt.Sprint(i)
		if topic, unfit := cache.Topic("a", map[string][]string{"A": {value}}); topic != "t-"+value || unfit != "" {
			t.Fatalf("the topic of %s is %q, %q", value, topic, unfit)
		}
		if len(cache.topics) > maxTopics {
			t.Fatalf("%d topics are remembered, at most %d should be", len(cache.topics), maxTopics)
		}
	}
	if n := len(cache.topics); n < 1 || n > 20 {
		t.Errorf("%d topics are remembered, and all should have been forgotten once", n)
	}
	cache.topics = nil
	long := strings.Repeat("x", maxKept)
	if topic, _ := cache.Topic("a", map[string][]string{"A": {long}}); topic != "t-"+long || len(cache.topics) != 0 {
		t.Errorf("a topic of %d bytes is remembered: %d are", len(topic), len(cache.topics))
	}
}

// FuzzHeadersMakeTopics compares with what the template says: the values stand in the topic byte for byte, and a topic
// is never empty, nor longer than can be.
func FuzzHeadersMakeTopics(f *testing.F) {
	f.Add("orders.eu", "a/b", "")
	f.Add("orders.eu", "", "\x00\xff.*>{{header(B)}}")
	f.Add("", "..", "%2F\r\n")
	cache := NewCache(compiled(f, ">", "{{header(A)}}{{header(B,)}}{{subject}}"))
	f.Fuzz(func(t *testing.T, subject, a, b string) {
		want := a + b + subject
		topic, unfit := cache.Topic(subject, map[string][]string{"A": {a}, "B": {b}})
		if a == "" || len(want) > maxMade {
			want = ""
		}
		if topic != want || (topic == "") != (unfit != "") {
			t.Errorf("topic %q, %q, want %q", topic, unfit, want)
		}
	})
}
