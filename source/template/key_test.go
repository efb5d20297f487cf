package template

import (
	"slices"
	"strings"
	"testing"
)

func TestKeyIsReadFromTheTopicAlone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		filters, template string
		want              []Key
	}{
		{"orders.*", "{{subject}}", []Key{{Wildcards: []int{1}}}},
		{"orders.*.*", "{{subject}}", []Key{{Wildcards: []int{1, 2}}}},
		{"orders.*.*", "$2", []Key{{Wildcards: []int{2}}}},
		{"orders.*.*", "a-{{wildcard(2)}}.{{wildcard(1)}}", []Key{{Wildcards: []int{2, 1}}}},
		{"orders.*.*", "$1.$2-$1", []Key{{Wildcards: []int{1}}}},
		{"orders.*.*", "{{split(1,-)}}.$2", []Key{{Wildcards: []int{2}}}},
		{"orders.*.>", "{{subject}}", []Key{{Wildcards: []int{1}}}},
		{"orders.*.>", "$1", []Key{{Wildcards: []int{1}}}},
		{"orders.*.>", "$2.$1", []Key{{Wildcards: []int{1}}}},
		{"orders.*", "{{header(A)}}.$1", []Key{{Wildcards: []int{1}}}}, // However many dots the header has.
		{"orders.*", "$1.{{header(A,x)}}", []Key{{Wildcards: []int{1}}}},
		{"orders.>", "{{subject}}", []Key{{Whole: true}}},
		{"orders.>", "orders-{{wildcard(1)}}", []Key{{Whole: true}}},
		{">", "{{subject}}", []Key{{Whole: true}}},
		{"a.* b.*.*", "{{subject}}", []Key{{Wildcards: []int{1}}, {Wildcards: []int{1, 2}}}},
		{"a.* b.*", "t.$1", []Key{{Wildcards: []int{1}}, {Wildcards: []int{1}}}},
		{"*.a *.b", "$1", []Key{{Wildcards: []int{1}}, {Wildcards: []int{1}}}},
	} {
		got, err := Keys(strings.Fields(test.filters), test.template)
		if err != nil || !slices.EqualFunc(got, test.want, func(a, b Key) bool {
			return a.Whole == b.Whole && slices.Equal(a.Wildcards, b.Wildcards)
		}) {
			t.Errorf("Keys(%s, %s) = %v, %v, want %v", test.filters, test.template, got, err, test.want)
		}
	}
}

func TestTopicsThatCouldBeInSeveralPartsAreRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ filters, template, words string }{
		{"orders", "{{subject}}", "no wildcard"},
		{"orders.*", "all", "does not name a wildcard"},
		{"orders.*.*", "$1-$2", "as a token of its own"},
		{"orders.*", "{{left(1,2)}}", "does not name a wildcard"},
		{"orders.*", "{{split(1,-)}}", "does not name a wildcard"},
		{"orders.>", "{{left(1,2)}}", "does not name a wildcard"},
		{"orders.*", "{{header(A)}}", `made of the header A, by which a stream cannot be parted`},
		{"orders.*", "{{header(A)}}-$1", "such as {{wildcard(1)}}.{{header(A)}}"},
		{"orders.*", "{{header(A)}}.{{header(B)}}.x-$1-{{header(A)}}", "cannot be parted"},
		{"orders.>", "$1.$1", "does not name a wildcard"},
		{"a.* b.*.*", "{{subject}}.x.$1", "several subjects"},
		{"a.> b.>", "t-$1", "several subjects"},
	} {
		if _, err := Keys(strings.Fields(test.filters), test.template); err == nil ||
			!strings.Contains(err.Error(), test.words) {
			t.Errorf("Keys(%s, %s) = %v, want an error with %q", test.filters, test.template, err, test.words)
		}
	}
}
