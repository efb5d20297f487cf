package key

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFingerprintTellsKeysApartAndRevealsNone(t *testing.T) {
	t.Parallel()
	const raw, other = "a-key-of-ones-own", "a-key-of-ones-owm"
	fixed := func(text string) *Ring {
		k, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return Fixed(k)
	}
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(raw+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := FromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	one := fixed(raw).Fingerprint()
	if one != file.Fingerprint() {
		t.Errorf("%s from the environment and %s from a file", one, file.Fingerprint())
	}
	if one == fixed(other).Fingerprint() {
		t.Errorf("%s for two keys", one)
	}
	if len(one) != 2*fingerprintBytes || strings.Contains(one, raw) {
		t.Errorf("the fingerprint is %q", one)
	}
	if empty := newRing(nil, nil); empty.Fingerprint() != "" {
		t.Errorf("%s without a key", empty.Fingerprint())
	}
}

func TestFingerprintOfVendedKeysIsTheirMachines(t *testing.T) {
	t.Parallel()
	const secret = "https://v.example.com/token?secret=hidden"
	machine := func(c VendorConfig) *Ring { return FromVendor(NewVendor(c)) }
	r := machine(VendorConfig{URL: secret})
	before := r.Fingerprint()
	r.current.Store(&Key{Kind: V2, raw: "the-first"})
	if r.Fingerprint() != before || before == "" || strings.Contains(before, "hidden") {
		t.Errorf("%q before and %q after the first key", before, r.Fingerprint())
	}
	for _, c := range []VendorConfig{
		{URL: secret + "2"}, {URL: secret, HeadersFile: "h"}, {URL: secret, BodyFile: "b"},
	} {
		if machine(c).Fingerprint() == before {
			t.Errorf("%+v has the same", c)
		}
	}
}
