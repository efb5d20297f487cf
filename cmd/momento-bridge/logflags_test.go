package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"momento-bridge/config"
)

func TestLogFlagsComeBeforeTheFile(t *testing.T) {
	t.Parallel()
	text := []byte("log: {level: error, format: text}\nroutes: [{name: a, subject: a, cache: c}]\n")
	for _, tt := range []struct {
		args          []string
		level, format string
	}{
		{nil, "error", "text"},
		{[]string{"--log-level", "debug"}, "debug", "text"},
		{[]string{"--log-level", "warn", "--log-format", "json"}, "warn", "json"},
	} {
		cmd := &cobra.Command{Use: "x"}
		s := addSettings(cmd)
		var f *config.File
		cmd.RunE = func(cmd *cobra.Command, _ []string) error {
			f = config.Read("c.yaml", text)
			return s.apply(cmd, f)
		}
		cmd.SetArgs(tt.args)
		if err := cmd.Execute(); err != nil || f.Log != (config.Log{Level: tt.level, Format: tt.format}) {
			t.Errorf("%v: %v, log is %+v", tt.args, err, f.Log)
		}
	}
}

func TestWrongLogFlagsAreRefusedByName(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"run", "--subject", "a", "--cache", "c", "--log-level", "loud"},
		{"check", "--subject", "a", "--cache", "c", "--log-level", "loud"},
		{"replay", "--subject", "a", "--cache", "c", "--log-level", "loud"},
	} {
		var out, log syncBuffer
		err := run(t.Context(), args, &out, &log)
		want := "--log-level: \"loud\" is not one of debug, info, warn, error"
		if exitStatus(err) != statusUsage || !strings.Contains(log.String(), want) {
			t.Errorf("%v: %v, %s, want %q", args, err, log.String(), want)
		}
	}
}
