package helm

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"momento-bridge/test/helm/render"
)

// odd are texts that YAML, Helm or Go's templates could take for something else.
var odd = []string{
	"a\nb: c", "a: b", "---\nkind: Secret", "# no comment", "- a", "  a  ", `'"\`, "{{ .Values }}", "{{- fail `x` }}",
	"yes", "no", "null", "~", "1e3", "0x10", "017", "1_000", "12:30:45", "2026-01-01", "", "!tag", "&a", "*a",
	"%a", "@a", "`a`", "a, b", "[a]", "{a: b}", "日本🚀", "\t", "a\\nb", "$(HOME)", "${HOME}", "<a&b>",
	strings.Repeat("x", 5000),
}

// TestOddTextsArriveAsTheyAreWritten puts them wherever a value is any text.
func TestOddTextsArriveAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	for _, text := range odd {
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		values := strings.ReplaceAll(`{
annotations: {x: TEXT}, podAnnotations: {x: TEXT}, nodeSelector: {x: TEXT},
serviceAccount: {create: true, annotations: {x: TEXT}},
extraEnv: [{name: X, value: TEXT}], extraVolumes: [{name: x, emptyDir: {}}],
extraVolumeMounts: [{name: x, mountPath: /x, subPath: TEXT}],
proxy: {except: TEXT}, tracing: {endpoint: "http://a", samplerArg: TEXT},
tolerations: [{key: TEXT, value: TEXT}],
monitoring: {podMonitor: {enabled: true}, dashboard: {enabled: true, annotations: {x: TEXT}}}
}`, "TEXT", string(quoted))
		out, err := release(t, "bridge", values)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		w := worldOf(t, out)
		pod, c := w.deployment.Spec.Template, w.container()
		got := []string{
			w.deployment.Annotations["x"], pod.Annotations["x"], pod.Spec.NodeSelector["x"], w.account.Annotations["x"],
			w.dashboard.Annotations["x"],
			variable(w, "X"), variable(w, "NO_PROXY"), variable(w, "OTEL_TRACES_SAMPLER_ARG"),
			pod.Spec.Tolerations[0].Key, pod.Spec.Tolerations[0].Value,
			c.VolumeMounts[len(c.VolumeMounts)-1].SubPath,
		}
		if !reflect.DeepEqual(got, slices.Repeat([]string{text}, len(got))) {
			t.Errorf("%q is %q", text, got)
		}
	}
}

// variable is the value of a variable of the environment; empty, too, when there is none.
func variable(w *world, name string) string {
	for _, e := range w.container().Env {
		if e.Name == name {
			return e.Value
		}
	}
	return ""
}

// TestNamesThatLookLikeSomethingElseStayNames has names that YAML takes for numbers or truth values.
func TestNamesThatLookLikeSomethingElseStayNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"1", "1e3", "0x1", "yes", "true", "null", "on", "1.5", "0-0", "n"} {
		values := strings.ReplaceAll(`{
secrets: {momento: {api_key_file: {secret: "NAME", key: "NAME"}}, nats: {tls: {ca_file: {configMap: "NAME"}}}},
state: {volume: claim, claim: "NAME"}, priorityClassName: "NAME", serviceAccount: {name: "NAME"},
imagePullSecrets: [{name: "NAME"}], image: {tag: "NAME"}, monitoring: {job: "momento-bridge, NAME: {}"}
}`, "NAME", name)
		out, err := release(t, name, values)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		w := worldOf(t, out)
		sources := w.pod().Volumes[1].Projected.Sources
		got := []string{
			sources[0].Secret.Name, sources[0].Secret.Items[0].Key, sources[1].ConfigMap.Name,
			w.pod().Volumes[2].PersistentVolumeClaim.ClaimName, w.pod().PriorityClassName, w.pod().ServiceAccountName,
			w.pod().ImagePullSecrets[0].Name, strings.TrimPrefix(w.container().Image, "momento-bridge:"),
			w.deployment.Labels["app.kubernetes.io/instance"],
		}
		if !reflect.DeepEqual(got, slices.Repeat([]string{name}, len(got))) {
			t.Errorf("%q is %q", name, got)
		}
	}
}

// TestWhatIsDerived are the numbers that the templates compute.
func TestWhatIsDerived(t *testing.T) {
	t.Parallel()
	f := func(values, want string, get func(*world) string) {
		t.Helper()
		out, err := release(t, "bridge", values)
		if err != nil {
			t.Errorf("%s: %v", values, err)
		} else if got := get(worldOf(t, out)); got != want {
			t.Errorf("%s: %s, want %s", values, got, want)
		}
	}
	for timeout, want := range map[string]string{
		"20s": "30", `"0"`: "10", "0": "10", "500ms": "11", "1m": "70", "1m30s": "100", "1h": "3610", "1.5m": "100",
		".5s": "11", "1.s": "11", "+2s": "12", "1500ms": "12", "1us": "11", "1µs": "11", "2m0.001s": "131", "0s": "10",
	} {
		f("config: {shutdown_timeout: "+timeout+"}", want, func(w *world) string {
			return fmt.Sprint(*w.pod().TerminationGracePeriodSeconds)
		})
	}
	for limit, want := range map[string]string{
		"256Mi": "230MiB", "1Gi": "921MiB", "1.5Gi": "1382MiB", "268435456": "230MiB", `"268435456"`: "230MiB",
		"512M": "439MiB", "1G": "858MiB", "2e9": "1716MiB", `"2e9"`: "1716MiB", "100000Ki": "87MiB", "32Mi": "28MiB",
		"1Ti": "943718MiB", "500000k": "429MiB", ".5Gi": "460MiB",
	} {
		values := "{config: {queue: {max_bytes: 16MiB}}, " +
			"resources: {requests: {memory: 32Mi}, limits: {memory: " + limit + "}}}"
		f(values, want, func(w *world) string { return variable(w, "GOMEMLIMIT") })
	}
	for url, want := range map[string]string{
		"nats": "4222", "nats://nats": "4222", "nats://nats:4333": "4333", "tls://a:1,tls://b:2,tls://c:1": "1 2",
		"nats://nats:04333": "4333", "nats://[::1]": "4222", "nats://[::1]:44": "44", "wss://n": "443", "ws://n": "80",
		"wss://n:8443/path:9": "8443", "nats://a, nats://b:5": "4222 5",
	} {
		values := fmt.Sprintf("{config: {nats: {url: %q}}, networkPolicy: {egress: {enabled: true}}}", url)
		f(values, want, func(w *world) string {
			var ports []string
			for _, p := range w.network.Spec.Egress[1].Ports {
				ports = append(ports, p.Port.String())
			}
			return strings.Join(ports, " ")
		})
	}
	for listen, want := range map[string]string{
		":9464": "9464", "0.0.0.0:80": "80", "[::]:81": "81", "127.0.0.1:82, :83": "", "unix:/run/a.sock,:84": "84",
		":85, unix:/run/a:86": "85", " :87 ": "87", ":0088": "88", ":0": "",
	} {
		values := fmt.Sprintf("{config: {admin: {listen: %q}}}", listen)
		if want == "" {
			if _, err := release(t, "bridge", values); err == nil {
				t.Errorf("%s is taken", listen)
			}
			continue
		}
		f(values, want, func(w *world) string { return fmt.Sprint(w.container().Ports[0].ContainerPort) })
	}
}

// TestNumbersStayWhole has numbers that Go's templates would write with an exponent, which Kubernetes takes for none.
func TestNumbersStayWhole(t *testing.T) {
	t.Parallel()
	out, err := release(t, "bridge", `{
podDisruptionBudget: {maxUnavailable: 10000000}, autoscaling: {kind: hpa, min: 10000000, max: 20000000},
tracing: {endpoint: "http://a", samplerArg: 0}
}`)
	if err != nil {
		t.Fatal(err)
	}
	w := worldOf(t, out)
	if got := w.budget.Spec.MaxUnavailable.String(); got != "10000000" {
		t.Errorf("maxUnavailable is %s", got)
	}
	if least, most := *w.hpa.Spec.MinReplicas, w.hpa.Spec.MaxReplicas; least != 10000000 || most != 20000000 {
		t.Errorf("there are %d to %d replicas", least, most)
	}
	if got := variable(w, "OTEL_TRACES_SAMPLER_ARG"); got != "0" {
		t.Errorf("%q of the traces are kept, want 0", got)
	}
}

// TestADefaultOfTheChartCanBeTakenBack renders what an empty list or mapping in its place leaves.
func TestADefaultOfTheChartCanBeTakenBack(t *testing.T) {
	t.Parallel()
	for _, values := range []string{
		"networkPolicy: {prometheus: []}", "resources: {limits: {}}", "topologySpreadConstraints: []",
		"monitoring: {dashboard: {enabled: true, labels: {grafana_dashboard: null}}}",
		"secrets: {nats: {creds_file: null}}", "config: {nats: null, limits: null, canary: null}", "global: {x: 1}",
	} {
		var out render.Rendered
		out, err := release(t, "bridge", values)
		if err != nil {
			t.Errorf("%s: %v", values, err)
			continue
		}
		for _, r := range rules {
			if w := worldOf(t, out); !r.holds(w) {
				t.Errorf("%s: broken is: %s", values, r.name)
			}
		}
	}
}
