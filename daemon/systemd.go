package daemon

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// serviceManager is systemd, or what speaks like it, as sd_notify(3) describes.
type serviceManager struct {
	socket string // Empty: nobody has asked to be told.
	// watchdog is how often a sign of life is wanted; 0: none is.
	watchdog time.Duration
}

// newServiceManager reads what the service manager has put into the environment.
func newServiceManager(getenv func(string) string) serviceManager {
	if getenv == nil {
		return serviceManager{}
	}
	m := serviceManager{socket: getenv("NOTIFY_SOCKET")}
	pid := getenv("WATCHDOG_PID")
	limit, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64)
	if err == nil && limit > 0 && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		m.watchdog = time.Duration(limit) * time.Microsecond / 2
	}
	return m
}

// TellManager tells the service manager, if there is one, why there is no daemon. `systemctl status` shows that, also
// while it waits for the next attempt, when it shows no more of what the last one has written. Of several lines it is
// the first, which names a problem with its place.
func TellManager(getenv func(string) string, why string) {
	first, more, _ := strings.Cut(strings.TrimSpace(why), "\n")
	if n := strings.Count(more, "\n") + 1; more != "" {
		first += fmt.Sprintf(" (%d more in the journal)", n)
	}
	newServiceManager(getenv).tell("STATUS=" + first)
}

// tellTimeout bounds the wait for a service manager that does not read.
const tellTimeout = time.Second

// tell sends a state: one datagram. A failure is ignored: there is nobody to tell.
func (m serviceManager) tell(state string) {
	if m.socket == "" {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: m.socket, Net: "unixgram"})
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetWriteDeadline(time.Now().Add(tellTimeout))
	_, _ = conn.Write([]byte(state))
}
