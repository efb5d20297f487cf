// Package subscriber has a page that subscribes to a topic and shows its messages live. It is one file, index.html,
// which needs nothing else: open it from anywhere, or take it as a start. The demo serves it.
package subscriber

import _ "embed"

// Page is the page. A link may fill its form: what it takes stands at the end of its script.
//
//go:embed index.html
var Page []byte
