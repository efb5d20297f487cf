package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"momento-bridge/admin"
	"momento-bridge/admin/client"
	"momento-bridge/admin/show"
	"momento-bridge/printable"
	"momento-bridge/terminal"
)

// oneDaemon asks one daemon.
type oneDaemon struct{ *client.Client }

// asker asks a daemon, or all of a group. An error says what to do.
type asker interface {
	ask(ctx context.Context) (answer, error)
}

// answer is what was asked for, as it is shown.
type answer interface {
	lines(paint terminal.Sheet) []string // For people.
	line() string                        // For logs and pipes.
	json(indented bool) ([]byte, error)  // Indented, or in one line.
	verdict() admin.Verdict              // Of all that was asked.
}

// printableJSON is an answer as JSON that controls no terminal, whoever has answered.
func printableJSON(a answer, indented bool) ([]byte, error) {
	text, err := a.json(indented)
	return printable.JSON(text), err
}

// statusAnswer is a status as it came and as it was understood.
type statusAnswer struct {
	body   []byte
	status *admin.Status
}

func (a *statusAnswer) lines(paint terminal.Sheet) []string { return show.Status(a.status, paint) }
func (a *statusAnswer) line() string                        { return show.StatusLine(a.status) }

// verdict is the daemon's own, or what its state means where it is too old to say.
func (a *statusAnswer) verdict() admin.Verdict {
	return cmp.Or(a.status.Verdict, a.status.State.Verdict())
}

// json is the answer as it came.
func (a *statusAnswer) json(indented bool) ([]byte, error) {
	if indented {
		return a.body, nil
	}
	var line bytes.Buffer
	if err := json.Compact(&line, a.body); err != nil {
		return nil, fmt.Errorf("write the answer in one line: %w", err)
	}
	return line.Bytes(), nil
}

// ask implements asker.
func (d oneDaemon) ask(ctx context.Context) (answer, error) {
	body, s, err := d.Status(ctx)
	if err != nil {
		return nil, err
	}
	return &statusAnswer{body, s}, nil
}
