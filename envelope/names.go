package envelope

import (
	"fmt"
	"strings"
)

// longestName is the length that the names of attributes should not exceed.
const longestName = 20

// reserved names are attributes of events themselves, of this version or the one before, or what an SDK calls its own:
// the JavaScript SDK's events have methods that an attribute would hide.
var reserved = map[string]bool{
	"id": true, "source": true, "specversion": true, "type": true, "datacontenttype": true, "dataschema": true,
	"subject": true, "time": true, "data": true, "traceparent": true, "tracestate": true,
	"schemaurl": true, "datacontentencoding": true, "emit": true, "validate": true, "constructor": true,
}

// Attribute returns the name of the attribute that a header becomes: its name in lower case, without whatever is
// neither a letter nor a digit. The error says why there is none.
func Attribute(header string) (string, error) {
	name := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return -1
	}, header)
	switch {
	case name == "":
		return "", fmt.Errorf("header %q has no letters or digits that an attribute could be named by", header)
	case len(name) > longestName:
		return "", fmt.Errorf("header %q would be the attribute %s of %d letters: CloudEvents allows %d", header, name,
			len(name), longestName)
	case reserved[name], lower(header) == "content-type", strings.HasPrefix(lower(header), "ce-"):
		return "", fmt.Errorf("header %q would be the attribute %s, which events have themselves", header, name)
	}
	return name, nil
}
