// Package planted is faults to be planted into the product, one of each kind that it has had or could have, so that the
// simulation can be seen to find them. A fault is an exact text of a file of ours and what stands there instead; it is
// built with an overlay of the compiler, and no file is changed. See docs/simulation.md and bench/simulation.
package planted
