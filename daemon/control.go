package daemon

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"momento-bridge/admin"
	"momento-bridge/config"
	"momento-bridge/logthrottle"
	"momento-bridge/secretfile"
)

// leastToken is the least length of a token, in characters: a shorter one can be guessed.
const leastToken = 16

var (
	errShortToken = errors.New("it has fewer than 16 characters: make one with `openssl rand -hex 32`")
	errNoToken    = errors.New("the token cannot be checked now: the daemon cannot read the file of admin.control, " +
		"and its log says why")
)

// controlOf says who may control the daemon.
func controlOf(a *config.Admin, log *slog.Logger) admin.Control {
	switch a.Control {
	case config.ControlNone:
		return admin.Control{Rule: admin.ControlNone}
	case config.ControlCertificates:
		return admin.Control{Rule: admin.ControlCertificates}
	}
	path := a.TokenFile()
	if path == "" {
		return admin.Control{Rule: admin.ControlLoopback}
	}
	log = slog.New(logthrottle.New(log.Handler())) // Whoever can connect could fill the log otherwise.
	return admin.Control{Rule: admin.ControlToken, Token: func(ctx context.Context) (string, error) {
		token, err := readToken(ctx, path)
		if err != nil {
			log.Warn("the token of admin.control cannot be read: nobody can control the daemon with it", "file", path,
				"error", err)
			return "", errNoToken
		}
		return token, nil
	}}
}

func readToken(ctx context.Context, path string) (string, error) {
	text, err := secretfile.Read(ctx, path)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(text)
	if len(token) < leastToken {
		return "", errShortToken
	}
	return token, nil
}

func checkToken(path string) error {
	_, err := readToken(context.Background(), path)
	return err
}
