package source

// maxTopics bounds the subjects whose topic is remembered; then all are forgotten and mapped anew.
const maxTopics = 16384

// topicCache maps subjects to topics without making a new string for each message. It is not safe for concurrent use.
type topicCache struct {
	template *Template
	topics   map[string]string
}

func (c *topicCache) topic(subject string) string {
	topic, ok := c.topics[subject]
	if ok {
		return topic
	}
	if c.topics == nil || len(c.topics) >= maxTopics {
		c.topics = map[string]string{}
	}
	topic = c.template.Topic(subject)
	c.topics[subject] = topic
	return topic
}
