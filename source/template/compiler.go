package template

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// compiler collects the parts of one template. Text gathers in text until another part follows it.
type compiler struct {
	filter    string
	wildcards []tokenSpan
	parts     []part
	text      []byte
	headers   []header
	pieces    []piece    // What the parts stand for.
	value     *tokenSpan // What the part stands for that is added next; nil: for nothing that is known.
}

func (c *compiler) compile(template string) error {
	for at := 0; at < len(template); {
		n, err := c.element(template, at)
		if err != nil {
			return err
		}
		at += n
	}
	if len(c.parts) == 0 && strings.TrimSpace(string(c.text)) == "" {
		return errors.New("it is empty; write {{subject}} for the subject itself")
	}
	c.endText()
	return nil
}

// element compiles what starts at template[at] and returns its length in bytes.
func (c *compiler) element(template string, at int) (int, error) {
	rest := template[at:]
	token := (at == 0 || template[at-1] == '.') && (len(rest) == 1 || rest[1] == '.') // of one byte
	switch {
	case strings.HasPrefix(rest, "{{"):
		return c.braces(rest)
	case rest[0] == '$' && len(digits(rest[1:])) > 0:
		return c.dollar(rest)
	case token && rest[0] == '>':
		return 1, c.tail(len(rest) == 1)
	case token && rest[0] == '*':
		return 0, errors.New(
			`"*" does not stand for a token here; write {{wildcard(1)}}, or {{"*"}} for the text itself`)
	}
	c.text = append(c.text, rest[0])
	return 1, nil
}

func (c *compiler) braces(rest string) (int, error) {
	end := strings.Index(rest, "}}")
	if end < 0 {
		return 0, fmt.Errorf(`%s has no closing "}}"; add it, or write {{"{{"}} for the text itself`, rest)
	}
	length := end + len("}}")
	inside := strings.TrimSpace(rest[len("{{"):end])
	if strings.HasPrefix(inside, `"`) {
		if len(inside) < 2 || !strings.HasSuffix(inside, `"`) {
			return 0, fmt.Errorf(`%s has no closing quote; write {{"text"}}`, rest[:length])
		}
		c.text = append(c.text, inside[1:len(inside)-1]...)
		return length, nil
	}
	p, err := c.function(inside)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", rest[:length], err)
	}
	c.add(p)
	return length, nil
}

func (c *compiler) dollar(rest string) (int, error) {
	number := digits(rest[1:])
	value, err := c.wildcard(number)
	if err != nil {
		return 0, fmt.Errorf(`$%s: %w, or write {{"$%[1]s"}} for the text itself`, number, err)
	}
	c.value = &value
	c.add(value.appendTo)
	return len("$") + len(number), nil
}

func (c *compiler) tail(last bool) error {
	if !last {
		return errors.New(
			`">" stands for what the filter's ">" matched at the end only; move it there, or write {{">"}} for the ` +
				`text itself`)
	}
	if len(c.wildcards) == 0 || !c.wildcards[len(c.wildcards)-1].toEnd {
		return fmt.Errorf(
			`">" has nothing to stand for: filter %q does not end in ">"; write {{wildcard(n)}} or {{subject}}, or `+
				`{{">"}} for the text itself`, c.filter)
	}
	c.value = &c.wildcards[len(c.wildcards)-1]
	c.add(c.value.appendTo)
	return nil
}

// wildcard returns where the wildcard with this number is in a subject. Like the server, it takes everything below 1
// for the first token.
func (c *compiler) wildcard(number string) (tokenSpan, error) {
	n, err := wholeNumber(number)
	switch {
	case err != nil:
		return tokenSpan{}, err
	case n <= 0:
		return tokenSpan{}, nil
	case n <= len(c.wildcards):
		return c.wildcards[n-1], nil
	case len(c.wildcards) == 0:
		return tokenSpan{}, fmt.Errorf("filter %q has no wildcards; use {{subject}}", c.filter)
	case len(c.wildcards) == 1:
		return tokenSpan{}, fmt.Errorf("filter %q has one wildcard; use number 1", c.filter)
	}
	return tokenSpan{},
		fmt.Errorf("filter %q has %d wildcards; use a number from 1 to %[2]d", c.filter, len(c.wildcards))
}

func (c *compiler) add(p part) {
	c.endText()
	c.parts = append(c.parts, p)
	c.pieces = append(c.pieces, piece{span: c.value})
	c.value = nil
}

func (c *compiler) endText() {
	if len(c.text) == 0 {
		return
	}
	text := string(c.text)
	c.text = nil
	c.parts = append(c.parts, func(dst []byte, _ message) []byte { return append(dst, text...) })
	c.pieces = append(c.pieces, piece{text: text})
}

// digits returns the decimal digits that s starts with.
func digits(s string) string {
	return s[:len(s)-len(strings.TrimLeft(s, "0123456789"))]
}

func wholeNumber(s string) (int, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 32)
	if errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("%s is out of range; the limit is 2147483647", strings.TrimSpace(s))
	}
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number; write digits only", s)
	}
	return int(n), nil
}
