package daemon

import (
	"cmp"
	"context"
	"net"
	"runtime/debug"
	"strings"
	"time"
)

// Build is what is known of how the program was built.
type Build struct {
	// Version is never empty, and one word: a release such as v0.3.0, or for what is between two releases Go's
	// pseudo-version, which holds the time and the revision; +dirty ends that of a changed work tree.
	Version  string
	Revision string // Of the repository, shortened; empty: not known.
	Time     string // Of the revision (RFC 3339); empty: not known.
	Modified bool   // The work tree was changed.
}

// unknownVersion is the version of a build that nobody has given one, and that has no stamp of a repository either.
const unknownVersion = "dev"

// shortRevision is how much of a revision is shown: as much as pseudo-versions hold.
const shortRevision = 12

// ThisBuild returns what is known of this program: by the version that the linker has set, if it has, or by what the go
// command has written into it, which is the module's version for `go install`, and the repository's stamp for
// `go build`.
func ThisBuild(set string) Build {
	info, _ := debug.ReadBuildInfo()
	return buildOf(set, info)
}

func buildOf(set string, info *debug.BuildInfo) Build {
	if info == nil {
		info = &debug.BuildInfo{}
	}
	var b Build
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value[:min(len(s.Value), shortRevision)]
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	stamped := info.Main.Version
	if stamped == "(devel)" {
		stamped = ""
	}
	b.Version = cmp.Or(oneWord(set), stamped, b.revisionVersion(), unknownVersion)
	return b
}

// revisionVersion is a version for a repository that the go command has made none of.
func (b *Build) revisionVersion() string {
	switch {
	case b.Revision == "":
		return ""
	case b.Modified:
		return unknownVersion + "-" + b.Revision + "+dirty"
	}
	return unknownVersion + "-" + b.Revision
}

// oneWord makes a version that somebody has set fit for logs, metrics and the headers of requests.
func oneWord(set string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune(".+-_~", r):
			return r
		}
		return '_'
	}, strings.TrimSpace(set))
}

// String is the version with what it does not say itself.
func (b Build) String() string {
	var more []string
	if b.Revision != "" && !strings.Contains(b.Version, b.Revision) {
		more = append(more, "revision "+b.Revision)
	}
	if b.Time != "" {
		more = append(more, "of "+b.Time)
	}
	if b.Modified {
		more = append(more, "modified")
	}
	if len(more) == 0 {
		return b.Version
	}
	return b.Version + " (" + strings.Join(more, ", ") + ")"
}

// Dialers connect to servers that are not on a network, for simulations. nil: over TCP.
type Dialers struct {
	NATS     func(network, address string) (net.Conn, error)
	Endpoint func(ctx context.Context, address string) (net.Conn, error)
}

// SetDialers has servers reached through other dialers. It is called before the plan is used.
func (p *Plan) SetDialers(d Dialers) { p.nats.Dial, p.sink.Dial = d.NATS, d.Endpoint }

// SetTicks has the daemon look at itself less often than each second: at its backlogs, and whether it goes on. What it
// foretells is coarser then. It is for simulations of days, and called before the plan is used.
func (p *Plan) SetTicks(every time.Duration) { p.ticks = every }

// tick is how often the daemon looks at itself.
func (p *Plan) tick() time.Duration { return cmp.Or(p.ticks, progressTick) }

// WithoutAdmin has the daemon listen nowhere. It is called before the plan is used.
func (p *Plan) WithoutAdmin() { p.file.Admin.Listen, p.adminListen = "", "" }

// SetVersion has the program's version told to the endpoint, too. It is called before the plan is used.
func (p *Plan) SetVersion(version string) { p.sink.Version = version }
