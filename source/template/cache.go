package template

import "fmt"

const (
	// maxTopics bounds the subjects whose topic is remembered, or the topics that are made of headers.
	maxTopics = 16384
	// forgetAfter is how many subjects find no room before all are forgotten, as others may be in use by now. It is
	// several times maxTopics, because remembering costs more than mapping does.
	forgetAfter = 8 * maxTopics
	// maxMade is the longest topic that is made of headers, in bytes: as long as a subject can be, unless the server
	// is told otherwise (max_control_line). Headers may be much longer, and no endpoint takes such a path.
	maxMade = 4096
	// maxKept is the longest of them that is remembered: publishers choose what is in headers.
	maxKept = 256
)

// Cache maps messages to topics without making a new string for each. It is not safe for concurrent use.
type Cache struct {
	template *Template
	topics   map[string]string // By subject, or, where headers are part of them, by themselves.
	misses   int               // Since there is no room.
	made     []byte            // The latest topic that was made of headers; reused.
}

// NewCache returns an empty cache for a template.
func NewCache(t *Template) *Cache { return &Cache{template: t} }

// Topic returns the topic of a message, or says why it can have none, and what to do. It allocates only for a subject,
// or a topic made of headers, that it does not know. It keeps nothing of the headers.
func (c *Cache) Topic(subject string, header map[string][]string) (topic, unfit string) {
	switch {
	case c.template.whole:
		return subject, ""
	case len(c.template.headers) > 0:
		return c.make(subject, header)
	}
	topic, ok := c.topics[subject]
	if !ok {
		topic = c.template.Topic(subject, nil)
		c.remember(subject, topic)
	}
	return topic, ""
}

// make makes a topic of headers.
func (c *Cache) make(subject string, header map[string][]string) (topic, unfit string) {
	if unfit = c.template.Lack(header); unfit != "" {
		return "", unfit
	}
	c.made = c.template.Append(c.made[:0], subject, header)
	if n := len(c.made); n == 0 || n > maxMade {
		c.made = nil // It may have become large.
		return "", fmt.Sprintf("the topic that %q makes of the headers has %d bytes: 1 to %d are possible",
			c.template.text, n, maxMade)
	}
	topic, ok := c.topics[string(c.made)]
	if !ok {
		if topic = string(c.made); len(topic) <= maxKept {
			c.remember(topic, topic)
		}
	}
	return topic, ""
}

// remember keeps a topic if there is room.
func (c *Cache) remember(by, topic string) {
	if len(c.topics) == maxTopics {
		if c.misses++; c.misses < forgetAfter {
			return
		}
		c.topics, c.misses = nil, 0
	}
	if c.topics == nil {
		c.topics = map[string]string{}
	}
	c.topics[by] = topic
}
