package sink

const upperHex = "0123456789ABCDEF"

// appendSegment appends a name as one percent-encoded path segment. Every byte but RFC 3986's unreserved characters is
// encoded, so the name arrives byte for byte whatever it holds. The segments "." and ".." are encoded too, lest
// somebody on the way take them for directions.
func appendSegment(dst []byte, name string) []byte {
	if name == "." || name == ".." {
		for range name {
			dst = append(dst, "%2E"...)
		}
		return dst
	}
	for i := range len(name) {
		c := name[i]
		if unreserved(c) {
			dst = append(dst, c)
			continue
		}
		dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
	}
	return dst
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' ||
		c == '_' || c == '~'
}
