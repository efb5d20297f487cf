package config

import (
	"reflect"
	"strings"
	"testing"
)

func TestTableHasEachKeyWithWhatPeopleNeed(t *testing.T) {
	t.Parallel()
	rows := map[string]Key{}
	for _, k := range Keys() {
		if k.Type == "" || k.Text == "" || !strings.HasSuffix(k.Text, ".") {
			t.Errorf("%s has the type %q and the text %q", k.Path, k.Type, k.Text)
		}
		rows[k.Path] = k
	}
	for path, want := range map[string]Key{
		"momento.connections":       {Type: "whole number", Default: "64", Least: "1", Most: "10000"},
		"momento.timeout":           {Type: "duration", Default: "5s", Least: "10ms", Unit: "time"},
		"limits.rate":               {Type: "rate", Default: "auto", Unit: "publishes per second", Reloadable: true},
		"limits.caches.<name>.rate": {Type: "rate", Unit: "publishes per second", Reloadable: true, Required: true},
		"routes[].batch.max_bytes": {
			Type: "size", Default: "4096", Least: "1B", Most: "1MiB", Unit: "bytes", Reloadable: true,
		},
		"routes[].consumer": {
			Type: "text", Default: "momento-bridge-<name>", Derived: true, Form: "stream", Reloadable: true,
		},
		"routes[].give_up_after": {Type: "duration", Default: "10m", Unit: "time", Reloadable: true},
		"queue.max_bytes":        {Type: "size", Default: "64MiB", Least: "1B", Unit: "bytes"},
		"routes[].cache":         {Type: "text", Required: true, Reloadable: true},
		"routes[].ordering":      {Type: "word", Default: "topic", Reloadable: true},
		"log.level":              {Type: "word", Default: "info"},
	} {
		got, ok := rows[path]
		got.Text, got.Words, got.Env = "", nil, ""
		want.Path = path
		want.Reloadable = want.Reloadable || strings.HasPrefix(path, "routes[]")
		if !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("row %+v, want %+v", got, want)
		}
	}
}

func TestRowIsFoundByThePathOfAValue(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"nats.url":                  "nats.url",
		"routes[3].batch.format":    "routes[].batch.format",
		"routes[0].subjects[2]":     "routes[].subjects",
		"limits.caches.my-dog.rate": "limits.caches.<name>.rate",
		"nowhere":                   "",
	} {
		if k := keyNamed(path); k.Path != want {
			t.Errorf("row of %s is %q, want %q", path, k.Path, want)
		}
	}
}
