// Package terminal writes for people: marks, colours, fields, blocks that are drawn again in place, a log, and numbers.
// It imports nothing of ours.
package terminal
