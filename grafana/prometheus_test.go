package grafana

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"momento-bridge/test/lab"
)

// server is a Prometheus process that scrapes and evaluates every second.
type server struct {
	url     string
	targets string // A directory: each file in it is scraped.
	shown   *watch // The dashboard on it; nil: nobody looks.
}

const serverConfig = `
global: {scrape_interval: 1s, scrape_timeout: 900ms, evaluation_interval: 1s}
rule_files: [%q]
scrape_configs:
  - job_name: momento-bridge
    file_sd_configs: [{files: [%q], refresh_interval: 1s}]
`

// startPrometheus starts Prometheus with the alerts, hurried.
func startPrometheus(t *testing.T) *server {
	t.Helper()
	path, dir, address := need(t, "prometheus"), t.TempDir(), lab.FreeAddress()
	s := &server{url: "http://" + address, targets: filepath.Join(dir, "targets")}
	rules, config := filepath.Join(dir, "alerts.yaml"), filepath.Join(dir, "prometheus.yml")
	write(t, rules, hurried(read(t, "alerts.yaml")))
	write(t, config, fmt.Sprintf(serverConfig, rules, filepath.Join(s.targets, "*.json")))
	must(t, os.Mkdir(s.targets, 0o700))
	process, err := rig.Start(path, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+address, "--log.level=warn")
	must(t, err)
	ends(t, process)
	lab.Eventually(t, patience, "Prometheus is ready", func() bool {
		resp, err := http.Get(s.url + "/-/ready")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return s
}

// scrape has a daemon scraped until the test ends, under a job of its own so that no condition is taken for another's.
func (s *server) scrape(t *testing.T, job, instance, address string) {
	t.Helper()
	text := fmt.Sprintf(`[{"targets": [%q], "labels": {"job": %q, "instance": %q}}]`, address, job, instance)
	name := strings.ReplaceAll(job+"-"+instance, "/", "-")
	path := filepath.Join(s.targets, name+".json")
	write(t, path+".new", text)
	must(t, os.Rename(path+".new", path))
	t.Cleanup(func() { _ = os.Remove(path) })
}

// get asks the API.
func (s *server) get(path string, values url.Values, data any) error {
	resp, err := http.Get(s.url + path + "?" + values.Encode())
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", path, answer.Error)
	}
	return nil
}

// result is one series of an answer at one moment.
type result struct {
	Metric map[string]string
	Value  [2]any
}

func (r result) number() float64 {
	text, _ := r.Value[1].(string)
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return v
}

// query returns what an expression gives now, without what is not a number, which a panel does not show either.
func (s *server) query(expr string) ([]result, error) {
	var data struct{ Result []result }
	if err := s.get("/api/v1/query", url.Values{"query": {expr}}, &data); err != nil {
		return nil, err
	}
	var numbers []result
	for _, r := range data.Result {
		if !math.IsNaN(r.number()) {
			numbers = append(numbers, r)
		}
	}
	return numbers, nil
}

// fires reports whether an alert fires now for a job; no job: for none.
func (s *server) fires(t *testing.T, alert, job string) bool {
	t.Helper()
	got, err := s.query(fmt.Sprintf("ALERTS{alertname=%q, alertstate=\"firing\", job=%q}", alert, job))
	if err != nil {
		t.Error(err)
	}
	return len(got) > 0
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	return string(text)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(text), 0o600))
}
