package sink

import (
	"bytes"
	"html"
	"strings"
)

// isPage reports whether a body is HTML or another document with tags, by its type or its first sign, whatever its
// character set.
func isPage(contentType string, body []byte) bool {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.TrimSpace(media)
	if strings.EqualFold(media, "text/html") || strings.EqualFold(media, "application/xhtml+xml") {
		return true
	}
	start := pageStart(body)
	return len(start) > 0 && start[0] == '<'
}

// pageStart is a body from its first sign on: after white space, and after byte order marks and zeros of UTF-16.
func pageStart(body []byte) []byte {
	for len(body) > 0 && bytes.IndexByte(beforePage, body[0]) >= 0 {
		body = body[1:]
	}
	return body
}

var beforePage = []byte(" \t\r\n\v\f\x00\xef\xbb\xbf\xfe\xff")

const (
	// maxTitle bounds what is told of a page's title, in bytes.
	maxTitle = 80
	// maxPageHead is where a title is looked for, in bytes.
	maxPageHead = 4 << 10
)

// describePage tells of a page by its title.
func describePage(body []byte, hidden *secrets) string {
	body = bytes.ReplaceAll(pageStart(body[:min(len(body), maxPageHead)]), []byte{0}, nil)
	kind := "with a web page"
	if lower := lowerASCII(body); bytes.HasPrefix(lower, []byte("<?xml")) && !bytes.Contains(lower, []byte("<html")) {
		kind = "with an XML document"
	}
	for _, name := range [...]string{"title", "h1", "message"} {
		title := hidden.told(html.UnescapeString(element(body, name)), maxTitle)
		if title != "" {
			return kind + ` "` + title + `"`
		}
	}
	return kind
}

// element returns the text of the first element of a name, in lower case, up to the next tag.
func element(page []byte, name string) string {
	lower := lowerASCII(page)
	open := bytes.Index(lower, []byte("<"+name))
	if open < 0 {
		return ""
	}
	begin := bytes.IndexByte(lower[open:], '>')
	if begin < 0 {
		return ""
	}
	text := page[open+begin+1:]
	if end := bytes.IndexByte(text, '<'); end >= 0 {
		text = text[:end]
	}
	return string(text)
}

// lowerASCII keeps all places, as bytes.ToLower need not.
func lowerASCII(text []byte) []byte {
	lower := bytes.Clone(text)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	return lower
}
