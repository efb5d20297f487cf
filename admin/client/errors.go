package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"syscall"
)

// hint is what to do where nothing, or something else, answers.
const hint = "give the daemon's admin.listen with --admin, or its configuration with --config"

// refused says that the daemon does not take it from whoever asks.
func (c *Client) refused(code int, body []byte) error {
	text := lines(body)
	if code == http.StatusUnauthorized && !strings.Contains(text, "admin.control") {
		text = "it wants a user and a password: give --password-file, a file with user:password"
	}
	return fmt.Errorf("%s refuses (%d): %s", c.base, code, text)
}

// stranger says that what answers is no daemon.
func (c *Client) stranger(code int, kind string) error {
	return fmt.Errorf("what answers at %s is no momento-bridge, or one of another version (status %d, %s)\n"+
		"check the port: %s", c.base, code, kind, hint)
}

// noAnswer explains a failed request.
func (c *Client) noAnswer(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		if wrapped.Timeout() {
			return fmt.Errorf("no answer from %s within %v\n"+
				"is it the right address? if it is, the daemon or its machine is stuck: see /livez and the log", c.base,
				timeout)
		}
		err = wrapped.Err // Without the address.
	}
	if errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM) {
		return fmt.Errorf(
			"no answer from %s: %w\nonly the user that runs the daemon, and root, may open it: use sudo, "+
				"or ask for the status over the address with a port, if there is one, with --admin", c.base, err)
	}
	return fmt.Errorf(
		"no answer from %s: %w\nis momento-bridge running there? if it listens elsewhere, %s", c.base, err, hint)
}
