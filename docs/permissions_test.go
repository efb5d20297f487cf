package docs

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"testing"
)

// role is a permission set of Momento's, as far as topics go.
type role struct {
	Rules []struct {
		Type        string   `json:"type"`
		Permissions []string `json:"permissions"`
		Caches      any      `json:"caches"`
		Topics      any      `json:"topics"`
	} `json:"rules"`
	Conditions []map[string]struct {
		Ranges []string `json:"allowed_cidr_ranges"`
	} `json:"conditions"`
}

// A role is pasted as it stands there: it must be JSON, and give no more than to publish.
func TestRolesGiveNoMoreThanToPublish(t *testing.T) {
	text, err := os.ReadFile("permissions.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(text, -1)
	if len(blocks) == 0 {
		t.Fatal("permissions.md has no role")
	}
	for _, block := range blocks {
		var r role
		if err := json.Unmarshal(block[1], &r); err != nil || len(r.Rules) == 0 {
			t.Fatalf("%v: %s", err, block[1])
		}
		for _, rule := range r.Rules {
			if rule.Type != "topic" || !slices.Equal(rule.Permissions, []string{"write"}) || rule.Caches == nil ||
				rule.Topics == nil {
				t.Errorf("a rule gives %+v, want to publish to topics of a cache", rule)
			}
		}
		for _, condition := range r.Conditions {
			if len(condition["ip_filter"].Ranges) == 0 {
				t.Errorf("a condition is %v, want ip_filter with ranges", condition)
			}
		}
	}
}
