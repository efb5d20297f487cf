package helm

import (
	"strings"
	"testing"

	"momento-bridge/test/helm/render"
)

func TestNotesSayWhatToDoNext(t *testing.T) {
	t.Parallel()
	f := func(values string, says ...string) {
		t.Helper()
		out, err := release(t, "bridge", values)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range says {
			if !strings.Contains(out.Notes, text) {
				t.Errorf("%s: the notes do not say %q:\n%s", values, text, out.Notes)
			}
		}
	}
	const name = "deploy/bridge-momento-bridge"
	f("", "carries 1 route from", "exec "+name+" -- momento-bridge status -c config.yaml",
		"port-forward "+name+" 9464:9464",
		"kubectl -n default create secret generic momento-bridge --from-file=api-key=FILE")
	f("secrets: {nats: {tls: {cert_file: {secret: nats}, key_file: {secret: nats}}}}",
		"create secret generic nats --from-file=tls.crt=FILE --from-file=tls.key=FILE")
	f(`config: {admin: {listen: ":8080"}}`, "9464:8080")
	f("{config: {admin: {listen: \"127.0.0.1:8081\"}}, probes: {exec: true}}", "9464:8081")
	existing := rendered(t, render.Release{Name: "a", Namespace: "b", Values: "existingConfigMap: {name: ours}"})
	if !strings.Contains(existing.Notes, "carries what the ConfigMap ours says") {
		t.Errorf("the notes say\n%s", existing.Notes)
	}
	f("replicas: 1", "One replica alone")
	f("replicas: 0", "No replica at all")
	f("{replicas: 2, autoscaling: {kind: keda, min: 1}}", "One replica alone")
	out, err := release(t, "bridge", "{replicas: 1, autoscaling: {kind: hpa}}")
	if err != nil || strings.Contains(out.Notes, "replica alone") {
		t.Errorf("replicas do not count with autoscaling, and the notes say\n%s\n%v", out.Notes, err)
	}
	f("monitoring: {annotations: false}", "Nobody is told to read the metrics")
}
