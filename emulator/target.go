package emulator

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// topicName is what a publish goes to.
type topicName struct{ cache, topic string }

// target is a request target, taken apart.
type target struct {
	name  topicName
	query url.Values
}

var (
	errNotTopics = errors.New("unknown path: publish to /topics/{cache}/{topic}, each percent-encoded as one segment")
	errEscape    = errors.New("invalid percent-encoding in the path")
	errQuery     = errors.New("invalid query")
	errEmptyName = errors.New("the cache and the topic must not be empty")
)

// parseTarget takes the raw request target apart. It decodes each segment once and does not clean the path, so that ..
// and an encoded slash are part of a name.
func parseTarget(raw string) (target, error) {
	path, query, _ := strings.Cut(pathOf(raw), "?")
	segments := strings.Split(path, "/")
	if len(segments) != 4 || segments[0] != "" || segments[1] != "topics" {
		return target{}, errNotTopics
	}
	cache, errCache := url.PathUnescape(segments[2])
	topic, errTopic := url.PathUnescape(segments[3])
	if errCache != nil || errTopic != nil {
		return target{}, errEscape
	}
	if cache == "" || topic == "" {
		return target{}, errEmptyName
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return target{}, errQuery
	}
	return target{topicName{cache, topic}, values}, nil
}

// pathOf returns a request target without the scheme and the host, which proxies are sent.
func pathOf(raw string) string {
	if _, rest, ok := strings.Cut(raw, "://"); ok && !strings.HasPrefix(raw, "/") {
		return rest[max(0, strings.IndexAny(rest, "/?")):]
	}
	return raw
}

// unknownParameter returns a parameter of the query that the documentation does not name.
func (t *target) unknownParameter() (name string, ok bool) {
	for name := range t.query {
		if !slices.Contains([]string{"token", "sequence_number", "sequence_page"}, name) {
			return name, true
		}
	}
	return "", false
}

// isText reports whether subscribers receive a string: anything but bytes does.
func isText(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	return !strings.EqualFold(strings.TrimSpace(media), "application/octet-stream")
}
