package daemon

import (
	"testing"

	"momento-bridge/config"
)

func TestMemoryIsSpentOnTheCollectorOnlyWherePayloadsMayBeLarge(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		payloads []config.Size
		want     int
	}{
		{[]config.Size{4096}, 0},
		{[]config.Size{4096, 16 << 10}, 0},
		{[]config.Size{4096, 64 << 10}, headroom},
		{[]config.Size{1 << 20, 1 << 20}, headroom},
	} {
		var c config.Config
		for _, size := range tt.payloads {
			c.Routes = append(c.Routes, config.Route{MaxPayload: size})
		}
		if got := len(headroomFor(&c)); got != tt.want {
			t.Errorf("for payloads up to %v there are %d bytes, want %d", tt.payloads, got, tt.want)
		}
	}
}
