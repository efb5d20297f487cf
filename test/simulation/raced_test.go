//go:build race

package simulation

// raced says that the race detector looks on, which has goroutines go on in any order.
const raced = true
