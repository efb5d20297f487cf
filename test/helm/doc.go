// Package helm tests the chart in deploy/helm: what it refuses, what it renders, and that this is what Kubernetes and
// the daemon take. The sets of values are in testdata and among the examples: of NAME.yaml the chart makes
// testdata/NAME.golden, which -update writes anew.
//
// A module of its own, so that neither Helm nor Kubernetes is among the program's dependencies. Package render renders,
// package made makes what is made of the chart: its schema, the plain manifests, the table of values.
package helm

//go:generate go run ./generate
