package natsmodel

// apiLevel is the level of the API that the server has.
const apiLevel = 4

// jetStream is the part of the server that stores messages.
type jetStream struct {
	server *Server
}

func newJetStream(s *Server) *jetStream { return &jetStream{server: s} }

// take reports whether JetStream has something for a message to do.
func (js *jetStream) take(*conn, *message) bool { return false }

// subscribed is called with each new subscription: consumers may wait for it.
func (js *jetStream) subscribed(string) {}

func (js *jetStream) settle() {}

func (js *jetStream) shutdown() {}

func (js *jetStream) restart() {}
