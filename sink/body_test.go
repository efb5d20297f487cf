package sink

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strings"
	"testing"
	"time"

	"momento-bridge/pipeline"
)

func TestDetailSaysWhatTheBodySaid(t *testing.T) {
	t.Parallel()
	f := func(status int, body, want string) {
		t.Helper()
		if got := classify(&response{status: status, body: []byte(body)}, secrets{}, time.Now()).Detail; got != want {
			t.Errorf("detail of %d %q = %q, want %q", status, body, got, want)
		}
	}
	f(429, `{"message":"Request rate exceeded."}`, "429 Request rate exceeded.")
	f(400, `{"code":"invalid_argument","message":"no","err":"error"}`, "400 error: invalid_argument: no")
	f(400, `{"error":{"code":"invalid","message":"nested"}}`, "400 invalid: nested")
	f(400, `{"errors":[{"message":"one"},{"message":"two"},"three"]}`, "400 one: two: three")
	f(400, `[{"message":"in an array"}]`, "400 in an array")
	f(400, `"a string"`, "400 a string")
	f(400, `{"error":"twice","message":"twice"}`, "400 twice")
	f(400, `{"Message":"with a capital"}`, "400 with a capital")
	f(400, `{"type":"about:blank","title":"A title","status":400,"detail":"and more"}`, "400 A title: and more")
	f(400, `{"error":"invalid_request","error_description":"and why"}`, "400 invalid_request: and why")
	f(400, strings.Repeat(`{"error":`, 50)+`"deep"`+strings.Repeat("}", 50), "400")
	f(400, `{"errors":["1","2","3","4","5","6","7","8","9"]}`, "400 1: 2: 3: 4: 5: 6: 7: 8")
	f(400, "\xef\xbb\xbf"+`{"message":"marked"}`, "400 marked")
	f(400, `{"message":"broken o`, `400 {"message":"broken …`)
	f(500, `{"detail":"not\nhere"}`, "500 not here")
	f(500, "plain\x00 \t\r\n text\n", "500 plain text")
	f(500, "\x1b[31mred\u202e \u200bhidden", "500 … hidden")
	f(500, "caf\xe9 \xff\xfe\xfd", "500 …")
	f(500, "\xff\xfef\x00i\x00n\x00e\x00", "500 …")
	f(403, "", "403")
	f(403, `{"other":1}`, "403")
	f(500, strings.Repeat("limit ", 300), "500 "+strings.Repeat("limit ", 32)+"limit…")
	f(500, strings.Repeat("limit ", 33), "500 "+strings.TrimSpace(strings.Repeat("limit ", 33)))
	f(502, "<html>\n<head><TITLE>502 Bad\nGateway</TITLE></head>", `502 with a web page "502 Bad Gateway"`)
	f(502, `<html><body><h1 class="x">Oops &amp; so on</h1>`, `502 with a web page "Oops so on"`)
	f(502, "<html>no title", "502 with a web page")
	f(502, "<title", "502 with a web page")
	f(502, "<title>"+strings.Repeat("limit ", 500), `502 with a web page "`+strings.Repeat("limit ", 12)+`limit…"`)
	f(503, "<?xml version='1.0'?><Error><Code>Slow</Code><Message>Wait</Message>", `503 with an XML document "Wait"`)
	f(503, "\xff\xfe<\x00t\x00i\x00t\x00l\x00e\x00>\x00W\x00e\x00<\x00", `503 with a web page "We"`)
}

func TestEncodedBodiesAreRead(t *testing.T) {
	t.Parallel()
	const refusal = `{"err":"item_size_limit_exceeded"}`
	var stored bytes.Buffer // Deflate without the header of zlib.
	raw, _ := flate.NewWriter(&stored, flate.BestSpeed)
	io.WriteString(raw, refusal)
	raw.Close()
	zipped := gzipped(refusal)
	f := func(encoding string, body []byte, verdict pipeline.Verdict, detail string) {
		t.Helper()
		got := classify(&response{status: 429, encoding: encoding, body: body}, secrets{}, time.Now())
		if got.Verdict != verdict || got.Detail != detail {
			t.Errorf("429 in %q is %v %q, want %v %q", encoding, got.Verdict, got.Detail, verdict, detail)
		}
	}
	const read = "429 item_size_limit_exceeded"
	f("gzip", zipped, pipeline.Reject, read)
	f(" X-GZIP", zipped, pipeline.Reject, read)
	f("deflate", zlibbed(refusal), pipeline.Reject, read)
	f("Deflate", stored.Bytes(), pipeline.Reject, read)
	f("identity", []byte(refusal), pipeline.Reject, read)
	f("gzip", []byte(refusal), pipeline.Reject, read) // Undone on the way.
	f("gzip", zipped[:len(zipped)-8], pipeline.Reject, read)
	// Cut off within the text, and what a compressor has made of it: releases of Go do not make the same.
	cut := "\x1f\x8b\b\x00\x00\x00\x00\x00\x00\xff\xaaVJ-*R\xb2R\xca,I\xcd\x8d/" +
		"\xce\xacJ\x8d\xcf\xc9\xcc\xcd,\x89O\xadHNMMIMQ\xaa"
	f("gzip", []byte(cut), pipeline.Reject, `429 {"err":"item_size_limit_exceeded"`)
	f("gzip", zipped[:5], pipeline.SlowDown, "429 (body in gzip)")
	f("br", []byte("\x8b\x02\x80"), pipeline.SlowDown, "429 (body in br)")
	f("zstd", zipped, pipeline.SlowDown, "429 (body in zstd)")
	f("gzip, gzip", zipped, pipeline.SlowDown, "429 (body in gzip, gzip)")
	f("br", nil, pipeline.SlowDown, "429")

	for name, r := range map[string]response{
		"a page in gzip":            {encoding: "gzip", body: gzipped("<html><title>Sign in</title>")},
		"a page in br, by its type": {encoding: "br", contentType: "text/html", body: []byte("\x8b")},
	} {
		r.status = 200
		got := classify(&r, secrets{}, time.Now())
		if got.Verdict != pipeline.Retry || !strings.HasPrefix(got.Detail, "200 with a web page") {
			t.Errorf("200 with %s is %v %q", name, got.Verdict, got.Detail)
		}
	}
	got := classify(&response{status: 200, encoding: "br", body: []byte("\x8b")}, secrets{}, time.Now())
	if got.Verdict != pipeline.Retry {
		t.Errorf("200 with a body that cannot be read is %v, want retry", got.Verdict)
	}
}

func TestBombIsCut(t *testing.T) {
	t.Parallel()
	bomb := gzipped(strings.Repeat("boom ", 1<<20))
	plain, unread := decode("gzip", bomb)
	if len(plain) != maxBody || unread != "" || cap(plain) > 2*maxBody {
		t.Errorf("%d bytes of gzip became %d of at most %d, unread %q", len(bomb), len(plain), cap(plain), unread)
	}
}

func gzipped(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, text)
	w.Close()
	return b.Bytes()
}

func zlibbed(text string) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	io.WriteString(w, text)
	w.Close()
	return b.Bytes()
}
