package helm

import (
	"os"
	"strings"
	"testing"

	"momento-bridge/test/helm/render"
)

// The page of the documents shows what is said of mistakes: values that make each, and the message.
func TestThePageShowsWhatWrongValuesGet(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/kubernetes.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| message | means |\n| --- | --- |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	values := []string{
		"config: {momento: {regoin: us-east-1}}",
		"config: {limits: {rate: fast}}",
		"image: {repository: null}",
		"", // And no route.
	}
	for line := range strings.Lines(table) {
		message := strings.TrimSuffix(strings.Split(line, "`")[1], " …")
		if len(values) == 0 {
			t.Fatalf("no values for %q", message)
		}
		all := with(t, values[0])
		if values[0] == "" {
			delete(all["config"].(map[string]any), "routes")
		}
		_, err := render.WithValues(loaded(t), render.Release{Name: "orders", Namespace: "default"}, all)
		if err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%s gets %v, and the page shows %q", values[0], err, message)
		}
		values = values[1:]
	}
	if len(values) > 0 {
		t.Errorf("the page does not show what %q get", values)
	}
}
