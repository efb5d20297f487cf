package schema

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"momento-bridge/admin"
)

var update = flag.Bool("update", false, "write the tables of docs/status-api.md anew")

const page = "../../docs/status-api.md"

func TestEveryFieldIsDescribed(t *testing.T) {
	t.Parallel()
	for _, a := range Answers {
		fields := Fields(a.Name)
		if len(fields) == 0 {
			t.Errorf("%s has no fields", a.Name)
		}
		for _, f := range fields {
			if f.Text == "" {
				t.Errorf("say in admin/schema/fields.txt, under %s, what %s is", a.Name, f.Path)
			}
			if strings.HasSuffix(f.Type, "or null") && !strings.Contains(f.Text, "null:") {
				t.Errorf("say in admin/schema/fields.txt what it means that %s is null", f.Path)
			}
		}
	}
}

func TestThePageHasEveryFieldAndState(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for _, a := range Answers {
		tables := regexp.MustCompile(`(?s)(<!-- ` + a.Name + `: [^>]*-->\n).*?(<!-- end -->)`)
		if !tables.MatchString(want) {
			t.Errorf("the page has no place for %s", a.Name)
		}
		want = tables.ReplaceAllString(want, "${1}\n"+strings.ReplaceAll(Table(a.Name), "$", "$$")+"\n${2}")
	}
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(text) {
		t.Error("the tables of docs/status-api.md are not those of the types: go test ./admin/schema -update")
	}
	for _, s := range admin.States {
		if !strings.Contains(want, "| `"+string(s)+"` | `"+string(s.Verdict())+"` |") {
			t.Errorf("the page does not have %s with its verdict %s", s, s.Verdict())
		}
	}
}

// compiled is the schema, as a validator has it.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Status()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("status.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("status.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAnswersAreAsTheSchemaSays(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for name, status := range map[string]admin.Status{
		"empty": {},
		"full": {
			Schema: admin.Schema, State: admin.Idle, Now: now, NotReady: []string{"a"},
			Key:    admin.Key{Expires: &now},
			Quotas: []admin.Quota{{Scope: "region", Rate: new(1.0)}, {}},
			Routes: []admin.Route{{
				Settled: map[string]uint64{"published": 1 << 60}, PausedSince: &now, DrainSeconds: new(0.5),
			}, {}},
			Group: admin.Group{
				Members: []admin.Member{{Started: now}, {}}, Leases: []admin.Lease{{}}, Rates: []admin.GroupRate{{}},
			},
			Problems: []admin.Problem{{First: now}},
		},
	} {
		text, err := json.Marshal(&status)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, s, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, wrong := range []string{`{}`, `[]`, `{"schema":"1"}`} {
		if validate(t, s, []byte(wrong)) == nil {
			t.Errorf("the schema accepts %s", wrong)
		}
	}
}

func validate(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(document)
}
