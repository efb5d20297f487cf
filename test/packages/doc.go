// Package packages installs the .deb and the .rpm on a machine of their own, upgrades and removes them, as an operator
// does: a Debian that systemd-nspawn boots, with the real systemd as its first process, so that the unit runs with all
// that it asks for. NATS and the endpoint are outside, on loopback, which the machine shares. What a machine changes is
// gone with it.
//
// It wants root, and the programs mmdebstrap, systemd-nspawn, nsenter and dpkg-deb. The tree that machines begin with
// is made once, and kept in the user's cache directory: it takes most of the time.
//
// MOMENTO_BRIDGE_PACKAGES names a directory with a .deb and a .rpm that are to be tested, such as a release's. Without
// it they are made here, of the same files. The version before is the program as it was a hundred commits ago, where
// the history goes back so far, and else the same program with a lower version; its default configuration differs.
package packages
