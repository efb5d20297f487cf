package main

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"github.com/spf13/cobra"

	"momento-bridge/admin"
	"momento-bridge/admin/show"
	"momento-bridge/config"
	"momento-bridge/daemon"
	"momento-bridge/terminal"
)

// groupAsker asks all members of a group.
type groupAsker struct{ asking *daemon.Asking }

// newGroupAsker reads where to ask: a flag before the environment before the file before the defaults.
func (o *statusOptions) newGroupAsker(cmd *cobra.Command) (*groupAsker, error) {
	name, text := "", []byte(nil)
	if o.file != "" {
		var err error
		if text, err = readConfiguration(o.file); err != nil {
			return nil, err
		}
		name = o.file
	}
	f := config.Read(name, text)
	if cmd.Flags().Changed("nats-url") {
		f.Set("nats.url", o.natsURL, "--nats-url")
	}
	daemon.ApplyContext(f)
	applyEnvironment(f)
	if slices.ContainsFunc([]string{"", "nats", "nats.url", "nats.context", "limits", "limits.group"}, f.Broken) {
		return nil, f.Err()
	}
	return &groupAsker{daemon.NewAsking(f)}, nil
}

func (g *groupAsker) ask(ctx context.Context) (answer, error) {
	all, err := g.asking.Ask(ctx)
	if err != nil {
		return nil, err
	}
	return (*groupAnswer)(all), nil
}

// groupAnswer is what the members of a group have told.
type groupAnswer admin.GroupAnswers

// verdict is the worst of the members'. One that is known and does not answer makes it degraded.
func (a *groupAnswer) verdict() admin.Verdict { return a.Verdict }

func (a *groupAnswer) lines(paint terminal.Sheet) []string {
	return show.Group((*admin.GroupAnswers)(a), paint)
}

func (a *groupAnswer) line() string { return show.GroupLine((*admin.GroupAnswers)(a)) }

func (a *groupAnswer) json(indented bool) ([]byte, error) {
	text, err := json.Marshal((*admin.GroupAnswers)(a))
	if err != nil || !indented {
		return text, err
	}
	var lines bytes.Buffer
	err = json.Indent(&lines, text, "", "  ")
	return lines.Bytes(), err
}
