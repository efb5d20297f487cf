// Generate writes the Grafana dashboard, dashboard.json, to standard output. The panels are tables in this package: a
// title, an explanation, a unit and the queries each. Run it by `go generate ./grafana`.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := write(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(bridge())
}

// bridge is the whole dashboard.
func bridge() dashboard {
	return dashboard{
		Title: "momento-bridge", UID: "momento-bridge",
		Description: "NATS to Momento Topics: do messages flow, how far behind are they, and what limits them? What " +
			"to do is in docs/runbook.md.",
		Tags:     []string{"momento-bridge", "nats"},
		Editable: true, GraphTooltip: 1, Refresh: "10s", Time: timeRange{
			"now-30m",
			"now",
		}, Timezone: "browser", SchemaVersion: 39, Version: 1,
		Links:       []object{},
		Annotations: list{[]object{annotation()}},
		Templating:  list{variables()},
		Panels: layout([]section{
			overview(), routes(), latency(), canary(), quota(), replicas(), endpoint(), consumer(), endings(),
			program(),
		}),
	}
}

// annotation marks when a daemon has started.
func annotation() object {
	return object{
		"name": "Starts", "datasource": data, "enable": true, "iconColor": "blue", "titleFormat": "started",
		"textFormat": "{{instance}}",
		"expr":       selections.Replace("process_start_time_seconds{DAEMONS} * 1000"), "useValueForTime": true,
	}
}

// variables are what a reader chooses.
func variables() []object {
	chosen := func(name, label, expr string) object {
		return object{
			"name": name, "label": label, "type": "query", "datasource": data, "query": object{
				"query": expr,
				"refId": name,
			}, "definition": expr,
			"includeAll": true, "multi": true, "allValue": ".*", "current": object{
				"text":  []string{"All"},
				"value": []string{"$__all"},
			}, "options": []object{},
			"refresh": 2, "sort": 1, "hide": 0, "regex": "", "skipUrlSync": false,
		}
	}
	return []object{
		{
			"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "regex": "",
			"refresh": 1, "hide": 0,
			"includeAll": false, "multi": false, "current": object{
				"text":  "default",
				"value": "default",
			}, "options": []object{}, "skipUrlSync": false,
		},
		chosen("job", "Job", "label_values(momento_bridge_build_info, job)"),
		chosen("instance", "Instance", `label_values(momento_bridge_build_info{job=~"$job"}, instance)`),
		chosen("route", "Route",
			`label_values(momento_bridge_messages_received_total{job=~"$job", instance=~"$instance"}, route)`),
	}
}
