package sink

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strings"
)

// decode undoes a content encoding, as far as the body has come and up to maxBody bytes. Nobody has asked for one, but
// servers on the way do as they like. unread names an encoding that could not be undone; there is no body then.
func decode(encoding string, body []byte) (plain []byte, unread string) {
	encoding = strings.TrimSpace(encoding)
	if len(body) == 0 {
		return nil, ""
	}
	var r io.Reader
	switch strings.ToLower(encoding) {
	case "", "identity":
		return body, ""
	case "gzip", "x-gzip":
		if !bytes.HasPrefix(body, gzipMagic) { // Somebody has undone it already.
			return body, ""
		}
		unzipped, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, encoding
		}
		r = unzipped
	case "deflate":
		r = inflate(body)
	default:
		return nil, encoding
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxBody))
	if err != nil && len(plain) == 0 {
		return nil, encoding
	}
	return plain, ""
}

var gzipMagic = []byte{0x1f, 0x8b}

// inflate reads what is meant by deflate, which is zlib, and what some servers take it for.
func inflate(body []byte) io.Reader {
	r, err := zlib.NewReader(bytes.NewReader(body))
	if err != nil {
		return flate.NewReader(bytes.NewReader(body))
	}
	return r
}
