package source

const (
	// maxTopics bounds the subjects whose topic is remembered.
	maxTopics = 16384
	// forgetAfter subjects that were not remembered, as there was no room, all are forgotten: others may be in use by now. It is several times as many,
	// as remembering costs more than mapping does.
	forgetAfter = 8 * maxTopics
)

// topicCache maps subjects to topics without making a new string for each message. It is not safe for concurrent use.
type topicCache struct {
	template *Template
	topics   map[string]string
	misses   int // Since there is no room.
}

func (c *topicCache) topic(subject string) string {
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
