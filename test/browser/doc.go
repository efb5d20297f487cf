// Package browser looks at the status page as an operator does: in Chromium, at a daemon that carries messages. It sees
// the program from outside and imports nothing of it.
package browser
