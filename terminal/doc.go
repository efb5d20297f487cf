// Package terminal writes for people: marks, colours, fields, blocks that are drawn again in place, a log, and numbers.
// What it is given is printable, but for a
// log's attributes.
package terminal
