// Package template maps the subjects of a route to topics, by templates in the syntax of NATS subject mapping.
package template

import (
	"errors"
	"fmt"
	"strings"
)

// Template maps the subjects of one route to topics. It is immutable: any number of goroutines may use it at once.
//
// A template is text in which these are replaced, wherever they stand:
//
//	{{subject}}            the whole subject
//	{{wildcard(n)}}, $n    what the filter's nth wildcard matched; the text after $ ends where its digits end
//	{{partition(n)}}       0 to n-1, by the FNV-1a hash of the whole subject
//	{{partition(n,i,j)}}   the same, of the values of wildcards i, j, ...
//	{{random(n)}}          0 to n-1, by chance
//	{{header(name)}}       a header of the message; {{header(name,default)}}: the default where it has none
//	{{left(i,k)}}, {{right(i,k)}}                     the first, last k bytes of wildcard i
//	{{splitFromLeft(i,k)}}, {{splitFromRight(i,k)}}   a dot after the first, before the last k bytes
//	{{sliceFromLeft(i,k)}}, {{sliceFromRight(i,k)}}   a dot every k bytes, counted from that side
//	{{split(i,separator)}}                            a dot for every separator
//	{{"text"}}             the text itself, for what would be replaced otherwise: {{"$12"}}, {{"{{"}}, {{"*"}}
//	>                      as the last token (the template is ">" or ends in ".>"): what the filter's ">" matched
//
// The filter's wildcards are counted from 1, from left to right. Its ">" is the last of them, and matches several
// tokens with the dots between them. Wildcard 0 (and below) is the subject's first token. A length k that is not
// inside the value leaves it as it is. Names are read without regard to case.
//
// A header is taken as NATS takes it: names are compared with their case, and of several values the first counts. One
// that is empty is none. The message has to have it where there is no default: see Lack.
//
// Where a template is also a destination the NATS server accepts, made of plain tokens, $n tokens and tokens that are
// one function each, the topic is the subject the server would have made of it. Unlike there, replacements may stand
// inside text, text need not be valid in a subject, no wildcard has to be used, and ">" counts as a wildcard.
type Template struct {
	text    string
	parts   []part
	headers []header // What it takes of a message's headers.
	whole   bool     // It is {{subject}} alone: topics are subjects.
	choices []choice // Instead of parts, for several filters whose wildcards differ.
}

// message is what a topic is made of.
type message struct {
	subject string
	header  map[string][]string
}

// part appends what one part of a template makes of a message.
type part func(dst []byte, m message) []byte

// compileOne reads a template for a route that consumes one filter, a NATS subject that may have wildcards.
func compileOne(filter, template string) (*Template, error) {
	wildcards, err := filterWildcards(filter)
	if err != nil {
		return nil, err
	}
	c := compiler{filter: filter, wildcards: wildcards}
	if err := c.compile(template); err != nil {
		return nil, fmt.Errorf("topic template %q: %w", template, err)
	}
	return &Template{text: template, parts: c.parts, headers: c.headers, whole: template == "{{subject}}"}, nil
}

// Append appends the topic of a message to dst and returns the extended slice. It allocates only where dst has no room.
// The subject has to match the filter; of one that does not, the tokens it lacks count as empty. So does a header that
// is missing. The headers may be nil.
//
// A topic can be empty, though rarely: {{split(1,-)}} leaves nothing of the token "-".
func (t *Template) Append(dst []byte, subject string, header map[string][]string) []byte {
	if t.choices != nil {
		t = t.choose(subject)
	}
	for _, p := range t.parts {
		dst = p(dst, message{subject, header})
	}
	return dst
}

// Topic returns the topic of a message as a new string.
func (t *Template) Topic(subject string, header map[string][]string) string {
	return string(t.Append(nil, subject, header))
}

// tokenSpan says where in a subject a value is: one token, or everything from that token on.
type tokenSpan struct {
	token int // counted from 0
	toEnd bool
}

// of returns the value in subject, empty where subject has too few tokens.
func (s tokenSpan) of(subject string) string {
	for range s.token {
		_, after, found := strings.Cut(subject, ".")
		if !found {
			return ""
		}
		subject = after
	}
	if s.toEnd {
		return subject
	}
	token, _, _ := strings.Cut(subject, ".")
	return token
}

func (s tokenSpan) appendTo(dst []byte, m message) []byte {
	return append(dst, s.of(m.subject)...)
}

// filterWildcards checks the filter and returns where its wildcards are, in their order.
func filterWildcards(filter string) ([]tokenSpan, error) {
	if filter == "" {
		return nil, errors.New(`the subject filter is empty; write ">" for all subjects`)
	}
	if strings.ContainsAny(filter, "\t\n\f\r ") {
		return nil, fmt.Errorf("subject filter %q contains white space; remove it", filter)
	}
	var wildcards []tokenSpan
	tokens := strings.Split(filter, ".")
	for i, token := range tokens {
		switch token {
		case "":
			return nil, fmt.Errorf("subject filter %q has an empty token; remove the extra dot", filter)
		case "*":
			wildcards = append(wildcards, tokenSpan{token: i})
		case ">":
			if i < len(tokens)-1 {
				return nil, fmt.Errorf(
					`subject filter %q has tokens after ">"; end it there, or use "*" for one token`, filter)
			}
			wildcards = append(wildcards, tokenSpan{token: i, toEnd: true})
		}
	}
	return wildcards, nil
}
