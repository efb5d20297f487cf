package daemon

import (
	"testing"

	"momento-bridge/config"
	"momento-bridge/source/bus"
)

func TestWhatDaemonsPublishBesideALoadTestIsSaidInFiguresForPeople(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		heard bus.Heard
		unit  string
		want  string
	}{
		{bus.Heard{}, "", "none of group g tells on NATS that it publishes to this endpoint"},
		{
			bus.Heard{Members: 1, Used: 1.05e-234},
			"",
			"one member of group g with this endpoint publishes nothing at the moment",
		},
		{
			bus.Heard{Members: 2, Used: 0, Rate: 100},
			"",
			"2 members of group g with this endpoint publish nothing at the moment of the 100/s that they share",
		},
		{
			bus.Heard{Members: 2, Used: 12.345, Rate: 100},
			config.UnitOperations,
			"2 members of group g with this endpoint publish 12 operations/s of the 100 operations/s that they share",
		},
		{bus.Heard{Members: 2, Used: 0.25}, "", "2 members of group g with this endpoint publish 0.25/s"},
	} {
		b := Beside{Heard: tt.heard, Group: "g", Unit: tt.unit}
		if got := b.String(); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.heard, got, tt.want)
		}
	}
}
