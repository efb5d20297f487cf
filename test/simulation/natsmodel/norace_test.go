//go:build !race

package natsmodel

// raced says that the race detector slows the real server down.
const raced = false
