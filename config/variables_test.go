package config

import (
	"strings"
	"testing"
)

func TestVariablesAreRefusedWithWhatToDoInstead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"nats: {url: \"nats://${NATS_HOST}:4222\"}": "nats.url: ${NATS_HOST} is not replaced: the file has no " +
			"variables; " +
			"leave the key away and set NATS_URL in the environment, or fill the file in before the start",
		"nats: {url: $NATS_URL}":                          "$NATS_URL is not replaced",
		"nats: {url: \"nats://u:${PW:-hush}@h\"}":         "nats.url: ${PW} is not replaced",
		"nats: {password_file: \"${file:/run/pw}\"}":      "write its path alone",
		"nats: {creds_file: $HOME/creds}":                 "$HOME is not replaced",
		"nats: {user: \"${env:NATS_USER}\"}":              "${NATS_USER} is not replaced",
		"momento: {api_key_file: \"${MOMENTO_API_KEY}\"}": "set MOMENTO_API_KEY in the environment to the API key",
		"momento: {connections: \"${N}\"}":                "momento.connections: ${N} is not replaced",
		"state_dir: \"${STATE}\"":                         "set STATE_DIRECTORY in the environment",
		"log: {level: \"${file:/x}\"}": "${file:…} is not replaced: the file has no " +
			"variables; fill",
	} {
		err := Read("f", []byte(text+"\n"+minimal)).Err()
		if err == nil || !strings.Contains(err.Error(), want) || strings.Count(err.Error(), "\n") > 0 ||
			strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestDollarsThatAreNoVariablesAreTaken(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"nats: {api_prefix: $JS.hub.API}\n" + minimal,
		"routes: [{name: a, subject: $KV.b.>, cache: c}]",
		"routes: [{name: a, subject: a.*, cache: c, topic: \"x.$1\"}]",
		"routes: [{name: a, subject: a.*, cache: c, topic: '{{\"${\"}}x}'}]",
		"routes: [{name: a, subject: a.*, cache: \"$\"}]",
		"nats: {user: $x, password_file: p}\n" + minimal,
	} {
		f := Read("f", []byte(text))
		f.Validate()
		if err := f.Err(); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestKeyInTheWrongSectionIsSaidToBeOfAnother(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"momento: {rate: 10}": "unknown key \"rate\" in momento: it is a key of limits, " +
			"limits.caches.<name>, routes[]",
		"rate: 10":                         "unknown key \"rate\" in the file: it is a key of limits",
		"nats: {linger: 5ms}":              "it is a key of routes[].batch",
		"routes: [{state_dir: /x}]":        "it is a key of the file",
		"momento: {zebra: 1}":              "known keys: ",
		"routes: [{name: a, partiton: 2}]": "did you mean \"partitions\"?",
	} {
		if err := Read("f", []byte(text)).Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
