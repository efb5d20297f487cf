package helm

import (
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"momento-bridge/config"
	"momento-bridge/test/helm/render"
)

// world is what a release brings into a cluster, read strictly.
type world struct {
	deployment *apps.Deployment
	config     *core.ConfigMap
	dashboard  *core.ConfigMap
	account    *core.ServiceAccount
	budget     *policy.PodDisruptionBudget
	network    *networking.NetworkPolicy
	hpa        *autoscaling.HorizontalPodAutoscaler
	keda       *scaledObject
	monitor    *monitoring.PodMonitor
	rules      *monitoring.PrometheusRule
	objects    []meta.Object
	file       config.File // The configuration, as the daemon reads it.
}

// scaledObject is keda.sh/v1alpha1, as far as it is used: KEDA's own module has hundreds of others behind it.
type scaledObject struct {
	meta.TypeMeta   `json:",inline"`
	meta.ObjectMeta `json:"metadata"`
	Spec            struct {
		ScaleTargetRef  autoscaling.CrossVersionObjectReference `json:"scaleTargetRef"`
		MinReplicaCount int32                                   `json:"minReplicaCount"`
		MaxReplicaCount int32                                   `json:"maxReplicaCount"`
		PollingInterval int32                                   `json:"pollingInterval"`
		CooldownPeriod  int32                                   `json:"cooldownPeriod"`
		Advanced        struct {
			Config struct {
				Behavior autoscaling.HorizontalPodAutoscalerBehavior `json:"behavior"`
			} `json:"horizontalPodAutoscalerConfig"`
		} `json:"advanced"`
		Triggers []struct {
			Type     string            `json:"type"`
			Metadata map[string]string `json:"metadata"`
		} `json:"triggers"`
	} `json:"spec"`
}

// decode reads an object strictly: no key stands twice, none is unknown, each is written as Kubernetes writes it.
func decode[T any](t *testing.T, text string) *T {
	t.Helper()
	object := new(T)
	raw, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	strict, err := kjson.UnmarshalStrict(raw, object)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, err := range strict {
		t.Errorf("%v\n%s", err, text)
	}
	return object
}

// worldOf reads all that was rendered. An object of another kind than these fails the test.
func worldOf(t *testing.T, out render.Rendered) *world {
	t.Helper()
	w := &world{}
	for _, m := range out.Manifests {
		var kind meta.TypeMeta
		if err := yaml.Unmarshal([]byte(m.Text), &kind); err != nil {
			t.Fatal(err)
		}
		w.objects = append(w.objects, w.read(t, kind, m))
	}
	if w.config != nil {
		w.file = *config.Read("config.yaml", []byte(w.config.Data["config.yaml"]))
	}
	return w
}

func (w *world) read(t *testing.T, kind meta.TypeMeta, m render.Manifest) meta.Object {
	t.Helper()
	switch kind.APIVersion + "/" + kind.Kind {
	case "apps/v1/Deployment":
		w.deployment = decode[apps.Deployment](t, m.Text)
		return w.deployment
	case "v1/ConfigMap":
		c := decode[core.ConfigMap](t, m.Text)
		if m.File == "dashboard.yaml" {
			w.dashboard = c
		} else {
			w.config = c
		}
		return c
	case "v1/ServiceAccount":
		w.account = decode[core.ServiceAccount](t, m.Text)
		return w.account
	case "policy/v1/PodDisruptionBudget":
		w.budget = decode[policy.PodDisruptionBudget](t, m.Text)
		return w.budget
	case "networking.k8s.io/v1/NetworkPolicy":
		w.network = decode[networking.NetworkPolicy](t, m.Text)
		return w.network
	case "autoscaling/v2/HorizontalPodAutoscaler":
		w.hpa = decode[autoscaling.HorizontalPodAutoscaler](t, m.Text)
		return w.hpa
	case "keda.sh/v1alpha1/ScaledObject":
		w.keda = decode[scaledObject](t, m.Text)
		return w.keda
	case "monitoring.coreos.com/v1/PodMonitor":
		w.monitor = decode[monitoring.PodMonitor](t, m.Text)
		return w.monitor
	case "monitoring.coreos.com/v1/PrometheusRule":
		w.rules = decode[monitoring.PrometheusRule](t, m.Text)
		return w.rules
	}
	t.Fatalf("%s has a %s of %s, which no rule knows", m.File, kind.Kind, kind.APIVersion)
	return nil
}

func (w *world) pod() *core.PodSpec         { return &w.deployment.Spec.Template.Spec }
func (w *world) container() *core.Container { return &w.pod().Containers[0] }

// TestEveryObjectIsWhatKubernetesReads also reads the files for those without Helm.
func TestEveryObjectIsWhatKubernetesReads(t *testing.T) {
	t.Parallel()
	for _, s := range sets(t) {
		w := worldOf(t, rendered(t, s.release))
		if w.deployment == nil {
			t.Errorf("%s has no Deployment", s.name)
		}
	}
}
