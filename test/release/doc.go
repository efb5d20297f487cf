// Package release tests what `bash .ci/release` makes of the commit that is checked out; what is not committed is not
// looked at. It runs the release twice, in places that differ in all that should not matter, and reads what came out
// as users do: archives, packages, bills of materials, checksums, completions and man pages.
//
// MOMENTO_BRIDGE_RELEASE names a directory with such a release of this commit, made with VERSION=v1.2.3, which saves
// one of the two runs. With LONG_TESTS=1 the other one compiles everything anew, instead of taking compiled packages
// from the cache.
//
// It needs git, groff, bash with bash-completion, zsh and fish, and imports nothing of ours.
package release
