package momentosdk

import (
	"testing"

	"momento-bridge/emulator"
)

// SDKs tell causes apart by the code of an error: the emulator's statuses lead to the codes of those causes.
func TestSDKsKnowWhyTheyAreRefused(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, emulator.Config{
		APIKey: "the-key", Caches: []string{"c"}, Forbidden: []string{"c/forbidden"},
		Settings: emulator.Settings{Rate: 1e-6, Burst: 2},
	})
	w := newWitness(t, startGateway(t, e))
	hello := "hello"
	for _, sdk := range sdks {
		for _, do := range []string{"subscribe", "publish"} {
			for _, test := range []struct{ key, cache, topic, code string }{
				{"another", "c", "wrong-key", "AUTHENTICATION_ERROR"},
				{e.key, "nowhere", "no-cache", "NOT_FOUND_ERROR"},
				{e.key, "c", "forbidden", "PERMISSION_ERROR"},
				{e.key, "", "no-name", "INVALID_ARGUMENT_ERROR"},
			} {
				topic := test.topic
				w.tell(order{Do: do, SDK: sdk, Key: test.key, Cache: test.cache, Topic: topic, Text: &hello})
				n := 1
				if do == "publish" {
					n = 2
				}
				if got := w.await(sdk, topic, n)[n-1]; got.On != "error" || got.Code != test.code {
					t.Errorf("%s: %s %s: its user is told %+v, want %s", sdk, do, topic, got, test.code)
				}
			}
		}
		w.tell(order{Do: "publish", SDK: sdk, Key: e.key, Cache: "c", Topic: "quota", Text: &hello})
		if got := w.await(sdk, "quota", 1)[0]; got.On != "published" {
			t.Errorf("%s: within the quota: %+v", sdk, got)
		}
	}
	for _, sdk := range sdks {
		w.tell(order{Do: "publish", SDK: sdk, Key: e.key, Cache: "c", Topic: "quota", Text: &hello})
		if got := w.await(sdk, "quota", 2)[1]; got.Code != "LIMIT_EXCEEDED_ERROR" {
			t.Errorf("%s: beyond the quota: %+v", sdk, got)
		}
	}
}

// What an SDK publishes is what HTTP says of it: the two ways lead to the same items.
func TestSDKsPublishWhatLongPollsBring(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, emulator.Config{APIKey: "the-key", Caches: []string{"c"}})
	w := newWitness(t, startGateway(t, e))
	texts, blob := "h\u00e9llo", []byte{0, 0xff, 1}
	for _, sdk := range sdks {
		w.tell(order{Do: "publish", SDK: sdk, Key: e.key, Cache: "c", Topic: sdk, Text: &texts})
		w.await(sdk, sdk, 1)
		w.tell(order{Do: "publish", SDK: sdk, Key: e.key, Cache: "c", Topic: sdk, Binary: &blob})
		w.await(sdk, sdk, 2)
		items, err := e.poll(t.Context(), "c", sdk, 1, 0)
		if err != nil || len(items) != 2 || items[0].Item == nil || items[1].Item == nil {
			t.Fatalf("%s: a long poll brings %+v, %v", sdk, items, err)
		}
		if v := items[0].Item.Value; v.Text == nil || *v.Text != texts || v.Binary != nil {
			t.Errorf("%s: text arrives as %+v", sdk, v)
		}
		if v := items[1].Item.Value; v.Binary == nil || string(*v.Binary) != string(blob) || v.Text != nil {
			t.Errorf("%s: bytes arrive as %+v", sdk, v)
		}
	}
}
