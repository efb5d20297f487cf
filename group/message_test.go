package group_test

import (
	"strings"
	"testing"

	"momento-bridge/group"
)

func TestMessagesAreShort(t *testing.T) {
	t.Parallel()
	r := group.Report{ID: "bridge-7d9f-1a2b3c", Start: 1764425587123, Uses: []group.Use{{
		Scope: "region", Accepted: 123456, Publishes: 123456, Refused: 321, Epoch: 4567,
		Want: 62.512, Used: 50.011, Waited: true,
	}}}
	if data := r.Encode(); len(data) > 200 {
		t.Errorf("%d bytes: %s", len(data), data)
	}
	l := group.Level{
		ID: "bridge-7d9f-1a2b3c", Start: 1764425587123, Epoch: 4567, Cut: 4500, Members: 100,
		Totals: []group.Total{{Scope: "region", Rate: 199.87, Level: 1.9987, Quota: 200.12, Found: 12}},
	}
	if data := l.Encode(); len(data) > 200 {
		t.Errorf("%d bytes: %s", len(data), data)
	}
}

func TestOnlyMessagesWithinBoundsAreBelieved(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{
		`{"id":"a","at":1,"s":[{"n":"region","a":5,"w":1}]}`:    true,
		`{"id":"a","at":1,"s":[{"n":"unheard of"}],"new":true}`: true,
		``:                        false,
		`[]`:                      false,
		`{"id":"","at":1}`:        false,
		`{"id":"a","at":-1}`:      false,
		`{"id":"a\u0007","at":1}`: false,
		`{"id":"` + strings.Repeat("a", 300) + `","at":1}`:              false,
		`{"id":"a","at":1,"s":[{"n":"region","w":-1}]}`:                 false,
		`{"id":"a","at":1,"s":[{"n":"region","w":1e300}]}`:              false,
		`{"id":"a","at":1,"s":[{"n":"region","w":1e999}]}`:              false,
		`{"id":"a","at":1,"s":[{"n":"region","w":NaN}]}`:                false,
		`{"id":"a","at":1,"s":[{"n":"region","l":-1}]}`:                 false,
		`{"id":"a","at":1,"s":[{"n":"region","p":1e9}]}`:                false,
		`{"id":"a","at":1,"s":[{"n":"region","r":-1}]}`:                 false,
		`{"id":"a","at":1,"h":"` + strings.Repeat("x", 1<<20) + `"}`:    false,
		`{"id":"a","at":1,"s":[` + strings.Repeat(`{},`, 3000) + `{}]}`: false,
	} {
		if _, err := group.DecodeReport([]byte(text)); (err == nil) != good {
			t.Errorf("%.80s: %v", text, err)
		}
	}
	for text, good := range map[string]bool{
		`{"id":"a","at":1,"e":2,"c":1,"m":2,"s":[{"n":"region","t":10,"l":5}]}`:          true,
		`{"id":"a","at":1,"e":2,"c":1,"m":2}`:                                            true,
		`{"id":"a","at":1,"e":2,"c":3,"m":2}`:                                            false,
		`{"id":"a","at":1,"e":2,"c":1,"m":0}`:                                            false,
		`{"id":"a","at":1,"e":2,"c":1,"m":-2}`:                                           false,
		`{"id":"a","at":1,"e":2,"c":1,"m":2,"s":[{"n":"region","t":0}]}`:                 false,
		`{"id":"a","at":1,"e":2,"c":1,"m":2,"s":[{"n":"region","t":-10}]}`:               false,
		`{"id":"a","at":1,"e":2,"c":1,"m":2,"s":[{"n":"region","t":10,"l":-1}]}`:         false,
		`{"id":"a","at":1,"e":2,"c":1,"m":2,"s":[{"n":"region","t":10,"z":1}]}`:          false,
		`{"id":"a","at":1,"e":2,"c":1,"m":2,"s":[{"n":"region","t":10,"q":1e14,"f":1}]}`: false,
		`{"id":"a","at":1,"e":2,"c":1,"m":2,"s":[{"n":"region","t":10,"f":-1}]}`:         false,
	} {
		if _, err := group.DecodeLevel([]byte(text)); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// FuzzMessages: whatever is believed is taken by a member without harm.
func FuzzMessages(f *testing.F) {
	f.Add([]byte(`{"id":"a","at":1,"s":[{"n":"region","a":5,"c":5,"r":3,"l":2,"w":1,"q":true,"p":1}]}`))
	f.Add([]byte(`{"id":"a","at":1,"e":2,"c":1,"m":2,"s":[{"n":"region","t":10,"l":5,"q":10,"f":3,"p":1}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		w := newWires(t, 1)
		m := w.members[0]
		w.run(1)
		if r, err := group.DecodeReport(data); err == nil {
			m.node.HearReport(w.now, r, m.quotas())
		}
		w.run(1)
		if l, err := group.DecodeLevel(data); err == nil {
			m.node.HearLevel(w.now, l, m.quotas())
		}
		w.run(1)
		if rate := m.pacer.Rate(); !(rate > 0) {
			t.Errorf("rate %g", rate)
		}
	})
}
