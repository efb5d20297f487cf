package grafana

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"momento-bridge/test/lab"

	"go.yaml.in/yaml/v4"
)

// composition is what the tests read of compose.yaml.
type composition struct {
	Services map[string]struct {
		Build          struct{ Context, Dockerfile string }
		Image          string
		Command, Ports []string
		Volumes        []string
		Environment    map[string]string
		DependsOn      []string `yaml:"depends_on"`
	}
}

// provisioned reads a YAML file.
func provisioned[T any](t *testing.T, path string) T {
	t.Helper()
	var v T
	if err := yaml.Unmarshal([]byte(read(t, path)), &v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

func TestPrometheusConfigurationIsValid(t *testing.T) {
	t.Parallel()
	promtool(t, "", "check", "config", "--lint=all", "--lint-fatal", "prometheus.yml")
}

// The files that the composition mounts exist where it says, and all ports agree.
func TestCompositionFitsTogether(t *testing.T) {
	c := provisioned[composition](t, "compose.yaml")
	for name, s := range c.Services {
		for _, v := range s.Volumes {
			parts := strings.Split(v, ":")
			if _, err := os.Stat(parts[0]); err != nil || len(parts) != 3 || parts[2] != "ro" {
				t.Errorf("%s mounts %s: %v", name, v, err)
			}
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s listens beyond loopback: %s", name, p)
			}
		}
	}
	demo := c.Services["demo"]
	if _, err := os.Stat(filepath.Join(demo.Build.Context, demo.Build.Dockerfile)); err != nil {
		t.Error(err)
	}
	volumes := c.Services["prometheus"].Volumes
	if !slices.Contains(volumes, "./prometheus.yml:/etc/prometheus/prometheus.yml:ro") ||
		!slices.Contains(volumes, "./alerts.yaml:/etc/prometheus/alerts.yaml:ro") {
		t.Errorf("Prometheus gets %v", volumes)
	}
}

func TestPrometheusScrapesTheDemo(t *testing.T) {
	demo := provisioned[composition](t, "compose.yaml").Services["demo"]
	config := provisioned[struct {
		RuleFiles     []string `yaml:"rule_files"`
		ScrapeConfigs []struct {
			JobName       string                       `yaml:"job_name"`
			StaticConfigs []struct{ Targets []string } `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}](t, "prometheus.yml")
	target := config.ScrapeConfigs[0].StaticConfigs[0].Targets[0]
	if target != "demo:9464" || demo.Command[0] != "demo" || demo.Command[1] != "--admin-listen" ||
		demo.Command[2] != ":9464" || demo.Ports[0] != "127.0.0.1:9464:9464" {
		t.Errorf("Prometheus scrapes %s, the demo runs %v", target, demo.Command)
	}
	if config.ScrapeConfigs[0].JobName != "momento-bridge" || config.RuleFiles[0] != "alerts.yaml" {
		t.Errorf("Prometheus has job %s, rules %v", config.ScrapeConfigs[0].JobName, config.RuleFiles)
	}
}

func TestGrafanaFindsDataAndDashboard(t *testing.T) {
	c := provisioned[composition](t, "compose.yaml")
	sources := provisioned[struct {
		Datasources []struct{ Type, URL string }
	}](t, "provisioning/datasources/prometheus.yaml")
	if s := sources.Datasources[0]; s.Type != "prometheus" || s.URL != "http://prometheus:9090" {
		t.Errorf("Grafana has the data source %v", s)
	}
	boards := provisioned[struct {
		Providers []struct{ Options struct{ Path string } }
	}](t, "provisioning/dashboards/momento-bridge.yaml")
	path := boards.Providers[0].Options.Path + "/dashboard.json"
	grafana := c.Services["grafana"]
	if !slices.Contains(grafana.Volumes, "./dashboard.json:"+path+":ro") ||
		grafana.Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] != path {
		t.Errorf("Grafana looks for the dashboard at %s and has mounted %v", path, grafana.Volumes)
	}
}

// The demo understands the flags that the composition gives it, and serves its metrics under the name by which
// Prometheus asks.
func TestCompositionRunsTheDemo(t *testing.T) {
	t.Parallel()
	demo := provisioned[composition](t, "compose.yaml").Services["demo"]
	address := lab.FreeAddress()
	args := append([]string{}, demo.Command...)
	args[2] = address
	args = append(args, "--duration", "1s")
	out, err := exec.Command(rig.Bridge, args...).Output()
	if err != nil || !strings.Contains(string(out), " lost=0 ") {
		t.Errorf("%v: %s, %v", args, out, err)
	}
}
