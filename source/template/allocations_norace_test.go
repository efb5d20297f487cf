//go:build !race

package template

import (
	"math/rand/v2"
	"testing"

	"momento-bridge/test/long"
)

func TestTemplateAppendDoesNotAllocate(t *testing.T) {
	const everything = `a-$1.{{subject}}-{{wildcard(2)}}-{{partition(8)}}-{{partition(8,1,2)}}-{{random(8)}}-{{split(2,-)}}-{{split(2,)}}-` +
		`{{left(2,1)}}-{{right(2,1)}}-{{splitFromLeft(2,1)}}-{{splitFromRight(2,1)}}-{{sliceFromLeft(2,1)}}-{{sliceFromRight(2,1)}}.>`
	template := compiled(t, "orders.*.*.>", everything)
	dst := make([]byte, 0, 1024)
	subject := "orders.eu.a-b-c.1.2"
	if got := testing.AllocsPerRun(100, func() { dst = template.Append(dst[:0], subject, nil) }); got != 0 {
		t.Errorf("Append allocates %v times, want 0", got)
	}
}

// The race detector has nothing to find in this one goroutine, and slows it twentyfold; FuzzTemplateEqualsServer has
// the seeds it does see.
func TestTemplateEqualsServerOnManySeeds(t *testing.T) {
	t.Parallel()
	random := rand.NewChaCha8([32]byte{1})
	choices := make([]byte, 192)
	var drawn, equal, refused int
	for drawn < long.Or(10_000, 100_000) {
		if _, err := random.Read(choices); err != nil {
			t.Fatal(err)
		}
		drawn++
		switch compareWithServer(t, choices) {
		case bothAccept:
			equal++
		case bothRefuse:
			refused++
		case serverRefuses:
		}
	}
	t.Logf("%d cases: %d with equal topics, %d refused by both, %d refused by the server only", drawn, equal, refused,
		drawn-equal-refused)
	if equal < drawn*6/10 {
		t.Errorf("only %d of %d cases compared topics; the generator is too wild", equal, drawn)
	}
}

func TestAKnownSubjectIsMappedWithoutAllocating(t *testing.T) {
	cache := NewCache(compiled(t, "orders.*.*", "{{wildcard(1)}}-{{wildcard(2)}}"))
	cache.Topic("orders.eu.1", nil)
	if n := testing.AllocsPerRun(1000, func() { cache.Topic("orders.eu.1", nil) }); n != 0 {
		t.Errorf("%g allocations, want none", n)
	}
}

func TestAKnownTopicOfHeadersIsMadeWithoutAllocating(t *testing.T) {
	cache := NewCache(compiled(t, "orders.*", "{{header(Region)}}-{{wildcard(1)}}-{{header(Kind,any)}}"))
	header := map[string][]string{"Region": {"eu"}}
	cache.Topic("orders.1", header)
	if n := testing.AllocsPerRun(1000, func() { cache.Topic("orders.1", header) }); n != 0 {
		t.Errorf("%g allocations, want none", n)
	}
}
