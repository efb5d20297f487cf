package source

// Subject returns the subject of a request to JetStream, such as "STREAM.NAMES".
func (a API) Subject(request string) string { return a.subject(request) }
