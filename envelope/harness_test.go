package envelope

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the vectors' events anew; read the difference")

// write writes the vectors as people read them.
func write(t *testing.T, vs []vector) {
	t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(vs); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("testdata/vectors.json", text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}
