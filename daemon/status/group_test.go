package status

import (
	"strings"
	"testing"

	"momento-bridge/admin"
	"momento-bridge/pipeline"
)

// grouped are facts of a daemon with three routes beside one or two other replicas.
func grouped(leases ...Lease) *Facts {
	f := well()
	f.Pipeline.Routes, f.Routes = nil, nil
	for _, name := range []string{"a", "b", "c"} {
		f.Pipeline.Routes = append(f.Pipeline.Routes, pipeline.RouteStats{
			Name: name, State: pipeline.Running, LimitedBy: pipeline.ByNothing,
		})
		f.Routes = append(f.Routes, Route{
			NotReady: "not consuming yet", Known: true, Kind: admin.KeepingUp, Forecast: "keeping up",
		})
	}
	f.Group = Group{
		Name: "g", Self: "1",
		Members: []Member{{ID: "1", Host: "here", Self: true, Routes: "x"}, {ID: "2", Host: "there", Routes: "x"}},
		Leases:  leases,
	}
	return f
}

func TestLeaseSaysWhoCarriesARoute(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		leases                  []Lease // Of route a.
		state, reason, notReady string
	}{
		"carried": {
			[]Lease{{State: LeasePublishing, Mine: true, Holder: "1"}}, "running", "not consuming", "not consuming",
		},
		"alone":       {[]Lease{{State: LeaseAlone, Mine: true}}, "running", "not consuming", "not consuming"},
		"no lease":    {nil, "running", "not consuming", "not consuming"},
		"being taken": {[]Lease{{State: LeaseTaking}}, "running", "not consuming", "not consuming"},
		"elsewhere": {
			[]Lease{{State: LeaseStandby, Holder: "2"}}, "standby", "another replica (there) carries this route", "",
		},
		"of an unknown member": {
			[]Lease{{State: LeaseStandby, Holder: "9"}}, "standby", "another replica (9) carries", "",
		},
		"nobody's": {
			[]Lease{{State: LeaseStandby}}, "standby", "no replica carries this route yet", "no replica carries",
		},
		"settling": {[]Lease{{State: LeaseSettling, Mine: true}}, "settling", "not consuming", "not consuming"},
		"lost":     {[]Lease{{State: LeaseLost, Holder: "2"}}, "standby", "another replica (there)", ""},
		"a part of it": {
			[]Lease{
				{Partition: 1, State: LeaseStandby, Holder: "2"}, {Partition: 2, State: LeasePublishing, Mine: true},
			},
			"running", "not consuming", "not consuming",
		},
		"none of its parts": {
			[]Lease{
				{Partition: 1, State: LeaseStandby, Holder: "2"},
				{Partition: 2, State: LeaseStandby, Holder: "3"},
				{Partition: 3, State: LeaseStandby, Holder: "4"},
				{Partition: 4, State: LeaseStandby, Holder: "5"},
			},
			"standby", "another replica (there, 3, 4 and 1 more) carries", "",
		},
		"settling a part": {
			[]Lease{
				{Partition: 1, State: LeaseSettling, Mine: true}, {Partition: 2, State: LeasePublishing, Mine: true},
			},
			"running", "not consuming", "not consuming",
		},
	} {
		for i := range tt.leases {
			tt.leases[i].Route = "a"
		}
		f := grouped(tt.leases...)
		f.Routes[1].NotReady, f.Routes[2].NotReady = "", ""
		s := Of(f)
		r := &s.Routes[0]
		if r.State != tt.state || !strings.Contains(r.Reason, tt.reason) {
			t.Errorf("%s: %s: %s; want %s: %s", name, r.State, r.Reason, tt.state, tt.reason)
		}
		got := strings.Join(s.NotReady, "\n")
		if s.Ready != (tt.notReady == "") || !strings.Contains(got, tt.notReady) {
			t.Errorf("%s: not ready: %q, want %q", name, got, tt.notReady)
		}
		if (r.CarriedBy != "") != (tt.state == "standby" && tt.notReady == "") {
			t.Errorf("%s: carried by %q", name, r.CarriedBy)
		}
	}
}

func TestReplicaThatStandsByIsWell(t *testing.T) {
	t.Parallel()
	f := grouped(Lease{Route: "a", State: LeaseStandby, Holder: "2"},
		Lease{Route: "b", State: LeaseStandby, Holder: "2"}, Lease{Route: "c", State: LeaseStandby, Holder: "2"})
	s := Of(f)
	if s.State != admin.Standby || s.State.Severity() != admin.Good || !s.Ready ||
		s.Summary != "Standing by, ready to take over: a: another replica (there) carries this route; "+
			"b: another replica (there) carries this route; c: another replica (there) carries this route." {
		t.Errorf("%s, ready %v: %s", s.State, s.Ready, s.Summary)
	}
	f = grouped(Lease{Route: "a", State: LeaseStandby, Holder: "2"})
	f.Routes[1].NotReady, f.Routes[2].NotReady = "", ""
	if s := Of(f); s.State != admin.Idle || !strings.HasSuffix(s.Summary, " Other replicas carry 1 of 3 routes.") {
		t.Errorf("%s: %s", s.State, s.Summary)
	}
	f.Pipeline.Routes[0].State = pipeline.Paused
	if s := Of(f); s.State != admin.Paused || s.Routes[0].State != "paused" {
		t.Errorf("paused here and carried elsewhere: %s, %s", s.State, s.Routes[0].State)
	}
}

// Alone, a daemon needs no leases: that is worth a line, and no more.
func TestReplicasWithoutLeasesAreToldWhatToDo(t *testing.T) {
	t.Parallel()
	f := grouped(Lease{Route: "a", State: LeaseStandby, Holder: "2"})
	f.Routes[1].NotReady, f.Routes[2].NotReady = "", ""
	f.Group.Missing, f.Group.Advice = "there is no bucket\nb", "nats kv add b"
	const want = "rdered routes have no leases, so that the oldest replica alone carries them: " +
		"there is no bucket b; nats kv add b"
	s := Of(f)
	if s.State != admin.Uncoordinated || !s.Ready || !strings.Contains(s.Summary, "O"+want+".") {
		t.Errorf("%s, ready %v: %s", s.State, s.Ready, s.Summary)
	}
	if remarks := Remarks(f); len(remarks) != 1 || remarks[0] != "o"+want {
		t.Errorf("remarks %q", remarks)
	}
	f = well()
	f.Group.Missing = "there is no bucket"
	if s := Of(f); s.State != admin.Idle || len(Remarks(f)) != 0 || s.Group.Missing == "" {
		t.Errorf("alone: %s: %s, %q", s.State, s.Summary, Remarks(f))
	}
}

func TestReplicasWithOtherRoutesAreTold(t *testing.T) {
	t.Parallel()
	f := grouped()
	for i := range f.Routes {
		f.Routes[i].NotReady = ""
	}
	f.Group.Members[1].Routes = "y"
	if s := Of(f); s.State != admin.Uncoordinated || !strings.Contains(s.Summary, "have other routes") ||
		!strings.Contains(s.Summary, "(1 of 1): give all of them the same configuration") {
		t.Errorf("%s: %s", s.State, s.Summary)
	}
	f.Group.Members[1].Routes = "" // Of another version, or not heard yet.
	if s := Of(f); s.State != admin.Idle {
		t.Errorf("%s: %s", s.State, s.Summary)
	}
}
