package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"momento-bridge/admin"
	"momento-bridge/config"
)

// Why nothing is reloaded.
var (
	errStopping     = errors.New("the daemon is stopping: nothing is reloaded any more")
	errNoReload     = errors.New("the daemon was started without a configuration that could be read again")
	errNotConnected = errors.New("there is no connection to NATS, so that routes that are new or changed cannot be " +
		"tried before the present ones end: reload again once there is one")
)

// reloadRequest is one call of Reload. The channel has one slot.
type reloadRequest chan reloadAnswer

type reloadAnswer struct {
	done admin.Reloaded
	err  error
}

// Reload reads the configuration again by Config.Reload and puts in force what can change while the daemon runs: limits
// at once, then routes. New routes are tried before anything ends. A route that goes, or changes, hands back to its
// stream what it has not begun to publish, or publishes what came from core NATS; what is in flight is finished and
// acknowledged. Then a changed route goes on with the same consumer or subscription. Others are not touched.
//
// After an error nothing has changed. One reload runs at a time; others wait for their turn, each to read the
// configuration anew. When ctx is done before, the reload goes on. It may be called concurrently, while Run runs.
func (d *Daemon) Reload(ctx context.Context) (admin.Reloaded, error) {
	r := make(reloadRequest, 1)
	select {
	case d.requests <- r:
	case <-d.over:
		return admin.Reloaded{}, errStopping
	case <-ctx.Done():
		return admin.Reloaded{}, context.Cause(ctx)
	}
	select {
	case a := <-r:
		return a.done, a.err
	case <-ctx.Done():
		return admin.Reloaded{}, context.Cause(ctx)
	}
}

// reloads reloads the configuration when it is asked to, until the daemon stops.
func (d *Daemon) reloads(in *carrying) {
	defer close(d.over)
	for {
		select {
		case <-in.ctx.Done():
			return
		case <-d.cfg.Hangups:
			_, _ = d.reload(in) // It has been logged.
		case r := <-d.requests:
			done, err := d.reload(in)
			r <- reloadAnswer{done, err}
		}
	}
}

// reload reloads the configuration once, and logs what has become of it.
func (d *Daemon) reload(in *carrying) (admin.Reloaded, error) {
	next, err := d.readAgain(in.ctx)
	var done admin.Reloaded
	if err == nil {
		done, err = d.change(in, next)
	}
	if err != nil {
		if in.ctx.Err() != nil {
			err = errStopping
		}
		d.log.Error("the configuration was not reloaded, nothing has changed", "error", err)
		return admin.Reloaded{}, err
	}
	level := slog.LevelInfo
	if len(done.Restart) > 0 {
		level = slog.LevelWarn
	}
	d.log.Log(in.ctx, level, "the configuration was reloaded", reloadedAttrs(&done, next)...)
	return done, nil
}

func reloadedAttrs(done *admin.Reloaded, next *config.File) []any {
	attrs := []any{"rate", next.Limits.Rate.String()}
	for _, what := range []struct {
		name string
		all  []string
	}{
		{"added", done.Added},
		{"removed", done.Removed},
		{"changed", done.Changed},
		{"needs_a_restart", done.Restart},
	} {
		if len(what.all) > 0 {
			attrs = append(attrs, what.name, strings.Join(what.all, ","))
		}
	}
	return attrs
}

// readAgain reads the configuration. Files with secrets may take some seconds to be given up; a stop does not wait for
// that.
func (d *Daemon) readAgain(ctx context.Context) (*config.File, error) {
	if d.cfg.Reload == nil {
		return nil, errNoReload
	}
	return readWithin(ctx, d.readings, d.cfg.Reload)
}

// readTimeout bounds a reading of the configuration and of the files that it names, each of which has a bound of its
// own. It is shorter than what `momento-bridge reload` waits.
const readTimeout = 30 * time.Second

var errReadTimeout = fmt.Errorf("the configuration could not be read within %.0f s: it may be a pipe that nobody "+
	"writes to, or on a file server that does not answer", readTimeout.Seconds())

// mostReadings is how many readings may hang at the same time. Each holds a thread until its file answers.
const mostReadings = 4

// readWithin returns what is read, unless that takes too long: what hangs must not keep later reloads from their turn.
// Each reading holds a slot of readings until it ends; while all of them are held nothing is read.
func readWithin(ctx context.Context, readings chan struct{}, read func() (*config.File, error)) (*config.File, error) {
	select {
	case readings <- struct{}{}:
	default:
		return nil, fmt.Errorf("earlier readings have not ended yet: %w", errReadTimeout)
	}
	type answer struct {
		next *config.File
		err  error
	}
	result := make(chan answer, 1)
	go func() {
		defer func() { <-readings }()
		next, err := read()
		result <- answer{next, err}
	}()
	late := time.NewTimer(readTimeout)
	defer late.Stop()
	select {
	case <-ctx.Done():
		return nil, errStopping
	case <-late.C:
		return nil, errReadTimeout
	case got := <-result:
		return got.next, got.err
	}
}

// change puts in force what was read, as far as it can change while the daemon runs.
func (d *Daemon) change(in *carrying, next *config.File) (admin.Reloaded, error) {
	what := difference(&d.current, &next.Config)
	file := *next
	file.Config = *reloadable(&d.current, &next.Config)
	lines, err := d.relined(in.ctx, &what, &file)
	if err != nil {
		return what, err
	}
	limits := limitsOf(&file.Config)
	learned := d.keeper.awaken(time.Now(), &limits)
	if len(what.Added)+len(what.Removed)+len(what.Changed) > 0 {
		if err := d.exchange(in, lines, &file, learned); err != nil {
			return what, err
		}
	} else {
		d.enter(lines, &file, learned)
	}
	d.pipe.ProbeNow()
	d.current = file.Config
	d.headroom = headroomFor(&file.Config)
	d.shared.carries(d.identity.carries(&file.Config))
	return what, nil
}
