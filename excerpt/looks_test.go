package excerpt

import (
	"strings"
	"testing"
)

func TestWhatLooksLikeASecretIsShownByItsBeginning(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln" is no way`:                      `"eyJh…" is no way`,
		"open eyJhbGciOiJIUzI1NiJ9.eyJ: no such file":                                "open eyJh…: no such file",
		"unknown key \"SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU\"": `unknown key "SUAM…"`,
		"key Zm9vYmFyMTIzNDU2Nzg5MGFiY2RlZg==!":                                      "key Zm9v…!",
		"nats://user:hunter2@nats.example.com":                                       "nats://xxxxx@nats.example.com",
		strings.Repeat("a", 200):                                                     "aaaa…",
		strings.Repeat("0123456789abcdef", 3):                                        "0123…",
	} {
		if got := WithoutSecrets(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{
		"momento.api_key_url_headers_file", "momento-bridge-orders-consumer-eu-west-1-production", "",
		"/var/lib/momento-bridge/Some-Directory/key-file.txt", "TestSomethingLongAboutOrdersV2",
		"ORDERS_OF_2026_PART_17", "/srv/TheBridgeFromOrdersToBrowsersOfTheWholeWorld2180931687/001",
		"api.cache.cell-us-east-1-1.prod.a.momentohq.com", "momento-bridge-7d9f8b6c5d-x2x4z",
		"0af7651916cd43dd8448eb211c80319c", "2026-11-29T22:30:02.283076221Z", "nats://127.0.0.1:4222",
		"550e8400-e29b-41d4-a716-446655440000",
	} {
		if got := WithoutSecrets(text); got != text {
			t.Errorf("%q is shown as %q", text, got)
		}
	}
	for seed := range uint64(50) {
		key := keyOf(seed)
		for _, piece := range []string{key, key[3:], key[40:100], key[len(key)-60:]} {
			if got := WithoutSecrets("it is " + piece + "!"); strings.Contains(got, piece[:12]) {
				t.Errorf("%q is shown as %q", piece, got)
			}
		}
	}
}
