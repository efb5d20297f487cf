package template

const (
	// maxTopics bounds the subjects whose topic is remembered.
	maxTopics = 16384
	// forgetAfter is how many subjects find no room before all are forgotten, as others may be in use by now. It is
	// several times maxTopics, because remembering costs more than mapping does.
	forgetAfter = 8 * maxTopics
)

// Cache maps subjects to topics without making a new string for each message. It is not safe for concurrent use.
type Cache struct {
	template *Template
	topics   map[string]string
	misses   int // Since there is no room.
}

// NewCache returns an empty cache for a template.
func NewCache(t *Template) *Cache { return &Cache{template: t} }

// Topic returns the topic of subject. It allocates only for a subject that it does not know.
func (c *Cache) Topic(subject string) string {
	if c.template.whole {
		return subject
	}
	topic, ok := c.topics[subject]
	if ok {
		return topic
	}
	topic = c.template.Topic(subject)
	if len(c.topics) == maxTopics {
		if c.misses++; c.misses < forgetAfter {
			return topic
		}
		c.topics, c.misses = nil, 0
	}
	if c.topics == nil {
		c.topics = map[string]string{}
	}
	c.topics[subject] = topic
	return topic
}
