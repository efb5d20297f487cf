package helm

import (
	"maps"
	"strings"
	"testing"

	"momento-bridge/config"
	"momento-bridge/test/helm/render"
)

// least is what every release must say; tests add to it.
const least = `
config:
  nats: {url: "nats://nats:4222"}
  momento: {region: us-east-1}
  routes: [{name: orders, stream: ORDERS, subject: "orders.>", cache: my-cache}]
secrets: {momento: {api_key_file: {secret: momento-bridge}}}
`

// with is the least with other values over it, as with a second file of values.
func with(t *testing.T, values string) map[string]any {
	t.Helper()
	below, err := render.Values(least)
	if err != nil {
		t.Fatal(err)
	}
	over, err := render.Values(values)
	if err != nil {
		t.Fatalf("%v: %s", err, values)
	}
	return merged(below, over)
}

// merged puts one mapping over another, as Helm does with files of values: a null stays, and removes a default.
func merged(below, over map[string]any) map[string]any {
	all := maps.Clone(below)
	for key, value := range over {
		a, isMap := all[key].(map[string]any)
		if b, ok := value.(map[string]any); isMap && ok {
			value = merged(a, b)
		}
		all[key] = value
	}
	return all
}

// release renders the least with other values over it.
func release(t *testing.T, name, values string) (render.Rendered, error) {
	t.Helper()
	return render.WithValues(loaded(t), render.Release{Name: name, Namespace: "default"}, with(t, values))
}

// wrong are values that are refused, and the key that the refusal names.
var wrong = []struct{ values, names string }{
	// Keys that nobody knows, in the chart and in the configuration.
	{"replica: 3", "'replica'"},
	{"image: {name: x}", "'name'"},
	{"config: {momento: {regoin: us-east-1}}", "'regoin'"},
	{"config: {limit: {rate: 5}}", "'limit'"},
	{"config: {routes: [{name: a, subject: b, cache: c, batch: {formatt: lines}}]}", "/config/routes/0/batch'"},
	{"secrets: {momento: {api_key: {secret: x}}}", "'api_key'"},
	{"secrets: {momento: {api_key_file: {value: eyJhcGlfa2V5IjoiIn0}}}", "'value'"},
	{"secrets: {nats: {creds_file: {configMap: x}}}", "'configMap'"},
	{"monitoring: {podMonitor: {enable: true}}", "'enable'"},
	{"secrets: {nats: {creds_file: {secret: a, key: null}}}", "'key'"}, // Kubernetes wants one, too.
	{"secrets: {nats: {tls: {ca_file: {configMap: a, key: null}}}}", "'key'"},
	{"resources: {limits: {mem: 1Gi}}", "'mem'"},
	{"tolerations: [{keys: x}]", "'keys'"},
	{"apiKey: eyJhcGlfa2V5IjoiIn0", "'apiKey'"},
	// Values of another kind.
	{"replicas: two", "/replicas'"},
	{"replicas: -1", "/replicas'"},
	{"replicas: null", "'replicas'"},
	{"image: {repository: null}", "'repository'"},
	{"config: {routes: null}", "/config/routes'"},
	{`replicas: "2"`, "/replicas'"},
	{"config: {momento: {region: us-east-9}}", "/config/momento/region'"},
	{"config: {limits: {rate: fast}}", "/config/limits/rate'"},
	{"config: {shutdown_timeout: 20}", "/config/shutdown_timeout'"},
	{"config: {momento: {timeout: soon}}", "/config/momento/timeout'"},
	{"config: {routes: []}", "/config/routes'"},
	{"config: {routes: {name: a}}", "/config/routes'"},
	{"config: {routes: [{name: a b, subject: b, cache: c}]}", "/config/routes/0/name'"},
	{"config: {routes: [{name: a, subject: b}]}", "'cache'"},
	{"config: {routes: [{name: a, subject: b, cache: c, ordering: yes}]}", "/config/routes/0/ordering'"},
	{"config: {admin: {control: everybody}}", "/config/admin/control'"},
	{"image: {tag: v1:2}", "/image/tag'"},
	{"image: {repository: momento-bridge:v1}", "/image/repository'"},
	{"image: {digest: 0123}", "/image/digest'"},
	{"image: {pullPolicy: Sometimes}", "/image/pullPolicy'"},
	{"fullnameOverride: Orders", "/fullnameOverride'"},
	{"fullnameOverride: " + "a" + strings.Repeat("b", 52), "/fullnameOverride'"},
	{"resources: {limits: {memory: 1 Gi}}", "/resources/limits/memory'"},
	{"state: {volume: hostPath}", "/state/volume'"},
	{`proxy: {https: "http://user:password@proxy:3128"}`, "/proxy/https'"},
	{"extraEnv: [{name: MOMENTO_API_KEY, value: x}]", "/extraEnv/0/name'"},
	{"extraVolumes: [{name: x, hostPath: {path: /}}]", "'hostPath'"},
	{"extraVolumes: [{name: secrets, emptyDir: {}}]", "/extraVolumes/0/name'"},
	{"labels: {app.kubernetes.io/name: other}", "/labels'"},
	{"podLabels: {team: a b}", "/podLabels/team'"},
	{"user: 0", "/user'"},
	{"terminationGracePeriodSeconds: 1", "/terminationGracePeriodSeconds'"},
	{"podDisruptionBudget: {maxUnavailable: 0}", "/podDisruptionBudget/maxUnavailable'"},
	{"networkPolicy: {prometheus: [{}]}", "/networkPolicy/prometheus/0'"},
	{"autoscaling: {kind: vpa}", "/autoscaling/kind'"},
	{"autoscaling: {enabled: true}", "'enabled'"},
	{"monitoring: {podMonitor: {interval: 15}}", "/monitoring/podMonitor/interval'"},
	{"monitoring: {podMonitor: {interval: 15s15s}}", "/monitoring/podMonitor/interval'"},
	{`monitoring: {job: 'momento-bridge"} or vector(1) #'}`, "/monitoring/job'"},
	{"monitoring: {job: momento-bridge/$1}", "/monitoring/job'"},
	{"minReadySeconds: 600", "/minReadySeconds'"},
	{"user: 2147483648", "/user'"},
	{"group: 2147483648", "/group'"},
	{"extraVolumes: [{name: a.b, emptyDir: {}}]", "/extraVolumes/0/name'"},
	{"extraVolumes: [{name: a}]", "/extraVolumes/0'"},
	{"extraVolumes: [{name: a, emptyDir: {}, configMap: {name: a}}]", "/extraVolumes/0'"},
	{"extraEnv: [{name: A, value: a, valueFrom: {secretKeyRef: {name: a, key: b}}}]", "/extraEnv/0'"},
}

func TestWrongValuesAreRefusedWithTheKeyNamed(t *testing.T) {
	t.Parallel()
	for _, tt := range wrong {
		_, err := release(t, "bridge", tt.values)
		if err == nil {
			t.Errorf("%s is taken", tt.values)
		} else if !strings.Contains(err.Error(), tt.names) || !strings.Contains(err.Error(), "schema") {
			t.Errorf("%s: the refusal does not name %s: %v", tt.values, tt.names, err)
		}
	}
}

// unfit are values that do not go together, which the templates refuse.
var unfit = []struct{ values, says string }{
	{"secrets: {momento: {api_key_file: null}}", "secrets.momento.api_key_file.secret: name the Secret"},
	{"config: {momento: {api_key_file: /key}}", "config.momento.api_key_file: it is the path of secrets.momento"},
	{`config: {momento: {api_key_url: "https://a.b"}}`, "config.momento.api_key_url: it is instead of"},
	{"secrets: {momento: {api_key_url_body_file: {secret: a}}}", "config.momento.api_key_url: headers and body"},
	{
		"{config: {momento: {api_key_url: \"https://a.b\"}}, secrets: {momento: {api_key_file: null, " +
			"api_key_url_body_file: {secret: a}}}}", "config.momento.api_key_url_method: a body needs POST",
	},
	{`config: {momento: {proxy: "http://a:b@c:1"}}`, "config.momento.proxy: a password"},
	{`config: {nats: {url: "nats://a,nats://b:c@d"}}`, "config.nats.url: a password or a token"},
	{"config: {nats: {user: a}}", "config.nats.user: a user and secrets.nats.password_file go together"},
	{"secrets: {nats: {password_file: {secret: a}}}", "config.nats.user: a user and"},
	{"secrets: {nats: {nkey_file: {secret: a}, creds_file: {secret: a}}}", "config.nats: one kind of credentials"},
	{"secrets: {nats: {tls: {cert_file: {secret: a}}}}", "secrets.nats.tls: a client's certificate"},
	{"secrets: {nats: {tls: {ca_file: {secret: a, configMap: b}}}}", "secrets.nats.tls.ca_file: a file comes from"},
	{"existingConfigMap: {name: a}", "existingConfigMap.name: the file is there already"},
	{"config: {shutdown_timeout: 1m}\nterminationGracePeriodSeconds: 64", "terminationGracePeriodSeconds: at least 65"},
	{"resources: {limits: {memory: 256m}}", "resources.limits.memory: 256m is less than 32Mi"},
	{"resources: {limits: {memory: 256}}", "resources.limits.memory: 256 is less than 32Mi"},
	{"resources: {limits: {memory: 128Mi}}", "resources.requests.memory: 256Mi is more than resources.limits.memory"},
	{"config: {queue: {max_bytes: 1GiB}}", "resources.limits.memory: 256Mi does not hold config.queue.max_bytes, 1GiB"},
	{
		"resources: {requests: {memory: 64Mi}, limits: {memory: 127Mi}}",
		"resources.limits.memory: 127Mi does not hold config.queue.max_bytes, 64MiB, and as much again",
	},
	{"config: {queue: {max_bytes: 134217729}}", "resources.limits.memory: 256Mi does not hold config.queue.max"},
	{"resources: {limits: {cpu: 50m}}", "resources.requests.cpu: 100m is more than resources.limits.cpu, 50m"},
	{"resources: {limits: {cpu: 0.05}}", "resources.requests.cpu: 100m is more than resources.limits.cpu, 0.05"},
	{`config: {admin: {listen: ":0"}}`, "config.admin.listen: the kubelet asks from outside"},
	{`config: {admin: {listen: "127.0.0.1:9464"}}`, "config.admin.listen: the kubelet asks from outside"},
	{"config: {admin: null}", "config.admin.listen: the kubelet asks from outside"},
	{
		"{config: {admin: {listen: \"localhost:9464\"}}, probes: {exec: true}, " +
			"monitoring: {podMonitor: {enabled: true}}}",
		"monitoring.podMonitor.enabled: config.admin.listen has no port",
	},
	{"state: {volume: claim}", "state.claim: name the PersistentVolumeClaim"},
	{"state: {claim: a}", "state.claim: it is used where"},
	{"state: {volume: emptyDir}\nconfig: {state_dir: /x}", "config.state_dir: the volume"},
	{"autoscaling: {min: 9}", "autoscaling.min: it is more than autoscaling.max"},
	{"monitoring: {job: bridge}", "monitoring.job: the alerts find daemons"},
}

func TestValuesThatDoNotGoTogetherAreRefusedWithTheKeyNamed(t *testing.T) {
	t.Parallel()
	if got := config.Default().Queue.MaxBytes; got != 64<<20 {
		t.Errorf("_check.tpl knows another default of queue.max_bytes than %v", got)
	}
	for _, tt := range unfit {
		if _, err := release(t, "bridge", tt.values); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", tt.values, err, tt.says)
		}
	}
}
