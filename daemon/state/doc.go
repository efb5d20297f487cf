// Package state has the files in which a daemon keeps what it wants to know after a restart. What is kept makes a start
// quicker and is never needed: a file that is missing, old or damaged is ignored, and replaced by the next one. The
// package knows nothing of the other packages, and no clock.
//
// A file is replaced as a whole, so that whoever reads it finds the old or the new one. Several daemons may share a
// directory: of what is about the same, the one that was written last counts.
package state
