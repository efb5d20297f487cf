// Package grafana holds the dashboard, the alerts and what serves them, and the tests that they work: they start the
// program, a NATS server, the emulator and a real Prometheus as processes, cause each condition, and ask Prometheus
// what a reader of the dashboard would see.
package grafana

//go:generate sh -c "go run ./generate > dashboard.json"
