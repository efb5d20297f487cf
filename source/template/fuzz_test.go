package template

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

// FuzzTemplateEqualsServer compares with the server's own subject transforms. The bytes choose a filter, a template
// made of whole tokens (what stands inside text is ours alone), and a subject that the filter matches.
func FuzzTemplateEqualsServer(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("a filter, a template and a subject, chosen by these bytes"))
	f.Add([]byte{3, 0, 3, 0, 9, 2, 20, 1, 1, 21, 2, 2, 22, 3, 3, 5, 4, 1, 8, 8, 2, 7, 200, 100, 50})
	f.Fuzz(func(t *testing.T, choices []byte) { compareWithServer(t, choices) })
}

// FuzzTemplateNeverPanics compiles any text, and maps any subject whether the filter matches it or not.
func FuzzTemplateNeverPanics(f *testing.F) {
	f.Add("orders.*.>", "x-{{wildcard(1)}}.$2.{{partition(8,1)}}.>", "orders.a.b.c")
	f.Add("*.*", `{{split(1,-)}}{{"$1"}}{{sliceFromRight(2,2)}}`, "--a.b..")
	f.Add(">", "{{split(1,)}}{{left(1,-1)}}{{random(-2147483648)}}", "")
	f.Add("a", "{{wildcard(", "a")
	f.Add("a", "{{header(A)}}{{header(B, b)}}{{header(,)}}", "a")
	f.Fuzz(func(t *testing.T, filter, template, subject string) {
		compiled, err := Compile([]string{filter}, template)
		if err != nil {
			return
		}
		if topic := string(compiled.Append([]byte("kept"), subject, nil)); !strings.HasPrefix(topic, "kept") {
			t.Errorf("Append() = %q, which does not start with what was there", topic)
		}
	})
}

type agreement int

const (
	bothAccept agreement = iota + 1
	bothRefuse
	serverRefuses
)

// compareWithServer draws one case from choices and fails the test unless we accept everything the server accepts and
// make the same topic of it.
func compareWithServer(t *testing.T, choices []byte) agreement {
	t.Helper()
	c := &chooser{choices}
	filter, subject := c.filterAndSubject()
	template := c.template(filter)
	transform, serverErr := server.NewSubjectTransform(filter, template)
	ours, err := Compile([]string{filter}, template)
	switch {
	case err != nil && (serverErr != nil || template == ""): // To the server, none is no transform.
		return bothRefuse
	case serverErr != nil:
		_ = ours.Topic(subject, nil)
		return serverRefuses
	case err != nil:
		t.Fatalf("Compile(%q, %q) = %v, and the server accepts it", filter, template, err)
	}
	want, err := transform.Match(subject)
	if err != nil {
		t.Fatalf("the server says that %q does not match %q: %v", subject, filter, err)
	}
	if got := ours.Topic(subject, nil); got != want {
		t.Fatalf("filter %q, template %q, subject %q: topic %q, server %q", filter, template, subject, got, want)
	}
	return bothAccept
}

// chooser turns bytes into choices; after the last byte it always chooses the first.
type chooser struct{ choices []byte }

func (c *chooser) below(n int) int {
	if len(c.choices) == 0 {
		return 0
	}
	choice := int(c.choices[0]) % n
	c.choices = c.choices[1:]
	return choice
}

func (c *chooser) of(options ...string) string {
	return options[c.below(len(options))]
}

func (c *chooser) filterAndSubject() (filter, subject string) {
	var filterTokens, subjectTokens []string
	for range 1 + c.below(4) {
		token := c.subjectToken()
		subjectTokens = append(subjectTokens, token)
		filterTokens = append(filterTokens, c.of("*", "*", token))
	}
	if c.below(3) == 0 {
		filterTokens = append(filterTokens, ">")
		for range 1 + c.below(3) {
			subjectTokens = append(subjectTokens, c.subjectToken())
		}
	}
	return strings.Join(filterTokens, "."), strings.Join(subjectTokens, ".")
}

func (c *chooser) subjectToken() string {
	var token strings.Builder
	for range 1 + c.below(7) {
		token.WriteString(c.of("a", "b", "-", "_", "é", "0", ")", "}", "$", "-", "世", "\xff"))
	}
	return token.String()
}

func (c *chooser) template(filter string) string {
	wildcards := strings.Count("."+filter+".", "*")
	var tokens []string
	for range 1 + c.below(4) {
		tokens = append(tokens, c.templateToken(wildcards))
	}
	tail := strings.HasSuffix(filter, ">")
	if c.below(16) == 15 {
		tail = !tail
	}
	if tail {
		tokens = append(tokens, ">")
	}
	return strings.Join(tokens, ".")
}

func (c *chooser) templateToken(wildcards int) string {
	text := c.of("orders", "-", "$", "$SYS", "$$", "a$", "}}", "{a}", "a}}", "a{b", "a b", "a>", ">>", "**", "日本",
		"a/é", `"`, "subject", "%")
	number := c.number(wildcards)
	if c.below(64) == 63 {
		number = c.of("x", "", " ", "99999999999", "1 1", "0x1", "1_0")
	}
	length := fmt.Sprint(c.below(12) - 2)
	if c.below(64) == 63 {
		length = c.of("k", "", "2147483647", "2147483648", "1 1", "+2")
	}
	open, comma, closed := c.of("{{", "{{", "{{ ", "{{\t"), c.of(",", ",", ", ", ",  ", " ,", ",\t"),
		c.of(")}}", ")}}", ") }}", " )\t}}")
	parenthesis := c.of("(", "(", " (", "( ", "\t(")
	if c.below(64) == 63 { // Nothing the server accepts.
		return c.of("", "*", ">")
	}
	if c.below(64) == 63 {
		return open + c.of("wildcard", "left", "subjects", "left right", "wildcard(1) ") + parenthesis +
			c.of(number, "", "1,1,1") + closed
	}
	switch c.below(8) {
	case 0:
		return text
	case 1:
		return "$" + c.number(wildcards)
	case 2:
		return open + c.of("wildcard", "Wildcard") + parenthesis + number + closed
	case 3:
		var list strings.Builder
		list.WriteString(length)
		for range c.below(4) {
			list.WriteString(comma + c.number(wildcards))
		}
		return open + c.of("partition", "Partition") + parenthesis + list.String() + closed
	case 4:
		separator := c.of("-", "-", "-", "-", "_", "_", "", "", "é", "ab", ")", "}", "--", "(", "- ", "\xff",
			"$", ",", "-,")
		return open + c.of("split", "Split") + parenthesis + number + comma + separator + c.of(")}}", ") }}")
	case 5: // Only draws that chance has no part in.
		return open + c.of("random", "Random") + parenthesis + c.of("0", "1", "-1") + closed
	default:
		name := c.of("left", "Right", "right", "Left", "splitfromleft", "SplitFromRight", "splitFromright",
			"SplitfromLeft", "SliceFromLeft", "sliceFromRight", "slicefromleft")
		return open + name + parenthesis + number + comma + length + closed
	}
}

// number is mostly that of a wildcard the filter has.
func (c *chooser) number(wildcards int) string {
	if c.below(32) == 31 {
		return fmt.Sprint(c.below(10)) // $-1 is not here: only a function takes a sign.
	}
	return fmt.Sprint(1 + c.below(max(wildcards, 1)))
}
