// Package hotpath is the benchmarks of several packages together: source, pipeline and sink wired as the daemon wires
// them, in one process with the NATS server and the endpoint. Those of single parts live in their packages, see
// bench/README.md.
package hotpath
