package main

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"momento-bridge/config"
	"momento-bridge/daemon"
	"momento-bridge/terminal"
)

// settings are the flags of run and check: a file, or one route by flags, or a file with single values replaced.
type settings struct {
	file  string
	flags []settingFlag
	// complete adds what flags do not say. It may be nil.
	complete func(*config.File)
}

// settingFlag is a flag that stands for one key of the configuration.
type settingFlag struct {
	name, path string
	value      string
	route      bool // It belongs to the one route that flags describe.
}

// routeName is the name of the route that flags describe.
const routeName = "default"

// addSettings declares the flags. Their values are read by the same code as the file's.
func addSettings(cmd *cobra.Command) *settings {
	s := &settings{flags: []settingFlag{
		{name: "nats-url", path: "nats.url"},
		{name: "region", path: "momento.region"},
		{name: "endpoint", path: "momento.endpoint"},
		{name: "api-key-file", path: "momento.api_key_file"},
		{name: "rate", path: "limits.rate"},
		{name: "admin-listen", path: "admin.listen"},
		{name: "log-level", path: "log.level"},
		{name: "log-format", path: "log.format"},
		{name: "subject", path: "routes[0].subject", route: true},
		{name: "stream", path: "routes[0].stream", route: true},
		{name: "consumer", path: "routes[0].consumer", route: true},
		{name: "cache", path: "routes[0].cache", route: true},
		{name: "topic", path: "routes[0].topic", route: true},
		{name: "ordering", path: "routes[0].ordering", route: true},
		{name: "batch", path: "routes[0].batch.format", route: true},
	}}
	s.declare(cmd, settingHelp(nil))
	return s
}

// settingHelp is what the help says of the flags; other replaces some of it.
func settingHelp(other map[string]string) map[string]string {
	help := map[string]string{
		"nats-url": "NATS servers, separated by commas (default $NATS_URL, then nats://127.0.0.1:4222)",
		"region":   "Momento's region, such as us-east-1",
		"endpoint": "instead of a region: a cell host or a URL (default $MOMENTO_ENDPOINT, then the endpoint " +
			"inside the key)",
		"api-key-file": "file with the API key, read again when it changes (default: the key in $MOMENTO_API_KEY)",
		"rate":         "publishes per second: auto, unlimited, or a number that is never exceeded",
		"admin-listen": "address of the status page, health and metrics",
		"log-level":    "lowest level that is logged: debug, info, warn or error (default info)",
		"log-format":   "text or json; auto: text on a terminal, json otherwise (default auto)",
		"subject":      "what to consume; on a stream it is the consumer's filter",
		"stream":       "JetStream stream; without it the subject is consumed from core NATS",
		"consumer":     "name of the durable consumer (default momento-bridge-" + routeName + ")",
		"cache":        "the cache to publish to",
		"topic":        "template of the topic, such as 'orders-{{wildcard(1)}}' (default {{subject}})",
		"ordering":     "topic: one publish in flight for each topic; none: as parallel as connections allow",
		"batch":        "batch format: none, lines, json, length-prefixed or packed",
	}
	maps.Copy(help, other)
	return help
}

// declare declares the flags with what the help says of them.
func (s *settings) declare(cmd *cobra.Command, help map[string]string) {
	cmd.Flags().StringVarP(&s.file, "config", "c", "", "configuration `file` (see momento-bridge config example)")
	for i := range s.flags {
		cmd.Flags().StringVar(&s.flags[i].value, s.flags[i].name, "", help[s.flags[i].name])
	}
}

// newPlan is daemon.NewPlan for this build.
func newPlan(f *config.File) *daemon.Plan {
	p := daemon.NewPlan(f)
	p.SetVersion(build.Version)
	return p
}

// load reads the configuration: flags before the file before the environment before the defaults. All problems are
// reported at once, as a usage error.
func (s *settings) load(cmd *cobra.Command) (*config.File, *daemon.Plan, error) {
	name, text := "", []byte(nil)
	if s.file != "" {
		var err error
		if text, err = readConfiguration(s.file); err != nil {
			return nil, nil, &usageError{err}
		}
		name = s.file
	}
	f := config.Read(name, text)
	if err := s.apply(cmd, f); err != nil {
		return nil, nil, err
	}
	daemon.ApplyContext(f)
	applyEnvironment(f)
	if f.Broken("") {
		return nil, nil, &usageError{f.Err()}
	}
	f.Validate()
	p := newPlan(f)
	if err := f.Err(); err != nil {
		return f, nil, &usageError{err}
	}
	return f, p, nil
}

// apply puts the flags that are set into the configuration.
func (s *settings) apply(cmd *cobra.Command, f *config.File) error {
	for _, flag := range s.flags {
		if !cmd.Flags().Changed(flag.name) {
			continue
		}
		if flag.route && len(f.Routes) == 0 {
			f.AddRoute(routeName)
		}
		if flag.route && s.file != "" {
			return &usageError{fmt.Errorf("--%s describes a route; with --config, routes are in the file", flag.name)}
		}
		f.Set(flag.path, flag.value, "--"+flag.name)
	}
	if s.complete != nil {
		s.complete(f)
	}
	return nil
}

// applyEnvironment fills what neither flags nor the file set.
func applyEnvironment(f *config.File) {
	if url := os.Getenv("NATS_URL"); url != "" && !f.Has("nats.url") {
		f.Set("nats.url", url, "NATS_URL")
	}
	if endpoint := os.Getenv("MOMENTO_ENDPOINT"); endpoint != "" && !f.Has("momento.endpoint") &&
		!f.Has("momento.region") {
		f.Set("momento.endpoint", endpoint, "MOMENTO_ENDPOINT")
	}
	// A unit may name several directories, separated by colons.
	if dir, _, _ := strings.Cut(os.Getenv("STATE_DIRECTORY"), ":"); dir != "" && f.StateDir == "" {
		f.Set("state_dir", dir, "STATE_DIRECTORY")
	}
}

// logger returns the logger that the configuration asks for.
func logger(f *config.File, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(strings.ToUpper(f.Log.Level)))
	return terminal.NewLogger(w, level, f.Log.Format)
}
