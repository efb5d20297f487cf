// Package userinfo hides users and passwords of URLs in what is shown. It knows nothing of the other packages.
package userinfo

import (
	"regexp"
	"strings"
)

// hidden stands for a user and a password.
const hidden = "xxxxx@"

// form is how errors say where user and password go: it is nobody's.
const form = "http://user:password@host:port"

var (
	// inURL ends at the last @ before white space, a quote or a comma: a password may hold what no URL may.
	inURL = regexp.MustCompile("://[^\\s\"'`,]*@")
	// bare is what somebody writes who forgets the scheme.
	bare = regexp.MustCompile("[^\\s\"'`,/:@=({\\[]+:[^\\s\"'`,/]+@")
)

// Hide returns the text without the users and passwords of the URLs in it, as they stand before the host. It is for
// errors, logs and pages: a URL that is no good is treated like one that is.
func Hide(text string) string {
	parts := strings.Split(text, form)
	for i, part := range parts {
		part = inURL.ReplaceAllLiteralString(part, "://"+hidden)
		parts[i] = bare.ReplaceAllLiteralString(part, hidden)
	}
	return strings.Join(parts, form)
}
