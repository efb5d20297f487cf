package daemon

import (
	"strings"

	"momento-bridge/config"
	"momento-bridge/source"
	"momento-bridge/userinfo"
)

func connectConfig(c config.NATS) source.ConnectConfig {
	return source.ConnectConfig{
		URL:          c.URL,
		CredsFile:    c.CredsFile,
		NKeyFile:     c.NKeyFile,
		User:         c.User,
		PasswordFile: c.PasswordFile,
		TokenFile:    c.TokenFile,
		CAFile:       c.TLS.CAFile,
		CertFile:     c.TLS.CertFile,
		KeyFile:      c.TLS.KeyFile,

		HandshakeFirst: c.TLS.HandshakeFirst,
		API:            source.API{Domain: c.Domain, Prefix: c.APIPrefix},
		InboxPrefix:    c.InboxPrefix,
		SecretKey:      contextSecret(&c),
	}
}

func (d *Daemon) natsFailed(err error) {
	why := err.Error() + "; " + natsAdvice(err)
	d.natsFailure.Store(&why)
}

// natsReason says why there is no connection to NATS, and what to do.
func (d *Daemon) natsReason() string {
	if why := d.natsFailure.Load(); why != nil {
		return *why
	}
	if err := d.nats.LastError(); err != nil {
		return err.Error() + "; " + natsAdvice(err)
	}
	return "still trying; check nats.url, the network and the server"
}

// natsNote says how NATS is reached.
func natsNote(n *config.NATS) string {
	text := redactURL(n.URL)
	if n.Context != "" {
		text += ", context " + n.Context
	}
	if n.Domain != "" {
		text += ", JetStream domain " + n.Domain
	}
	if n.APIPrefix != "" {
		text += ", JetStream under " + n.APIPrefix
	}
	return text
}

// natsNote names the NATS server, or the configured ones while there is no connection.
func (d *Daemon) natsNote() string {
	if url := d.nats.ConnectedUrlRedacted(); url != "" {
		return url
	}
	return redactURL(d.plan.nats.URL)
}

// redactURL hides the user information of NATS URLs.
func redactURL(list string) string {
	urls := strings.Split(list, ",")
	for i, one := range urls {
		if strings.Contains(one, "@") && !strings.Contains(one, "://") { // As nats.go reads it.
			one = "nats://" + one
		}
		urls[i] = userinfo.Hide(strings.TrimSpace(one))
	}
	return strings.Join(urls, ",")
}
